"""One journey written in YAML, played through the real application: pages, calls and deals over HTTP, then attribution.

The site: `pallets.example` in Moscow's zone, a pool of three dynamic numbers (`numbers`) held for five minutes, an
overflow number, and the static numbers of the journey's campaigns. Times are the site's. docs of the format: README.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chalice.test import Client
from msgspec.structs import replace

from chalicelib.api.campaign_service import change, checked_fields
from chalicelib.api.channel_rules import NewRules, rules_in
from chalicelib.attribution import attribute_call
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.calls import calls_table
from chalicelib.contacts import contacts_table
from chalicelib.core import clock
from chalicelib.core.json_body import decode
from chalicelib.deals import deals_table, join_deals, take_contact
from chalicelib.deals.types import Decision
from chalicelib.pool.lending import provision_numbers
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Campaign, Endpoint, NumberKind, Pool, RepeatRule, Site, TrackingNumber
from chalicelib.reports.facts.count_contacts import facts_of_contacts
from chalicelib.reports.facts.count_day import DayFacts, facts_of_day
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.requests import messages

MOSCOW = ZoneInfo("Europe/Moscow")
TARGET, OVERFLOW = "+74951234567", "+74990000100"
SECRET = "a secret of these journeys"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
SITE = Site(
    site_id="s1",
    account_id="acc1",
    site_key="sk1",
    name="pallets.example",
    allowed_origins=("https://pallets.example",),
    time_zone="Europe/Moscow",
    currency="RUB",
    country="RU",
    share_credit=False,  # who else may have called is measured elsewhere: these journeys ask for the likeliest one
)


@dataclass
class World:
    """The site of one journey, and what its people hold: the number on their page, their lease."""

    client: Client
    session: Any
    carrier: str
    crm: str
    shown: dict[str, str] = field(default_factory=dict)
    leases: dict[str, str | None] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # promo codes, by who was shown them last

    def play(self, step: Mapping[str, Any]) -> None:
        """One step: its first key says what happens, to whom or what; then all that waits is attributed."""
        verb, subject = next(iter(step.items()))
        at = moment(step["at"])
        given = {name: value for name, value in step.items() if name not in (verb, "at")}
        getattr(self, f"_{verb}")(str(subject), at, **given)
        for message in messages(self.session, settings().contact_queue):
            take_contact.take(message, at)
        while waiting := messages(self.session, settings().attribute_queue):  # a call may call for others of its caller
            for message in waiting:
                attribute_call.attribute(message, at)

    def _arrive(
        self, who: str, at: datetime, url: str, referrer: str = "", sees: str = "dynamic", agent: str = CHROME,
        beside: str = "",
    ) -> None:  # fmt: skip
        """A browser opens a page. `sees`: what kind of number it is shown; another than that of `beside`."""
        asked = {"visitor_id": f"browser-{who}", "url": url, "referrer": referrer, "lease": self.leases.get(who)}
        lent = self._post("/v1/sites/sk1/number", asked, at, {"Origin": origin(url), "User-Agent": agent})
        if beside and lent["number"] == self.shown[beside]:  # drawn by lot: somebody else has it then
            asked["visitor_id"] = f"browser-{who}-beside"
            lent = self._post("/v1/sites/sk1/number", asked, at, {"Origin": origin(url), "User-Agent": agent})
        assert lent["kind"] == sees, f"{who} is shown {lent['kind']}"
        self.shown[who], self.leases[who] = lent["number"] or TARGET, lent["lease"]

    def _promo(self, who: str, at: datetime, url: str, referrer: str = "") -> None:
        """A browser opens a page that shows a promo code, and perhaps no number of ours."""
        asked = {"visitor_id": f"browser-{who}", "url": url, "referrer": referrer}
        shown = self._post("/v1/sites/sk1/promo", asked, at, {"Origin": origin(url), "User-Agent": CHROME})
        self.codes[who] = shown["code"]

    def _leave(self, who: str, at: datetime) -> None:
        """The page is closed: its number is given back."""
        given = {"visitor_id": f"browser-{who}", "lease": self.leases.pop(who)}
        self._post("/v1/sites/sk1/release", given, at, {"Origin": SITE.allowed_origins[0], "User-Agent": CHROME})

    def _write(self, who: str, at: datetime, url: str, type: str = "form", **given: Any) -> None:
        """Something is done on a page besides calling. `server: true`: the site's server sends it."""
        headers = {} if given.pop("server", False) else {"Origin": origin(url), "User-Agent": CHROME}
        event = {"visitor_id": f"browser-{who}", "type": type, "url": url} | given
        assert self._post("/v1/sites/sk1/events", event, at, headers) == {"recorded": True}

    def _undo(self, external_id: str, at: datetime) -> None:
        """A person takes a deal apart."""
        deal = deals_table.deal("s1", "generic", external_id)
        assert deal is not None
        join_deals.decide(SITE, deal, Decision(at))

    def _call(self, call_id: str, at: datetime, to: str, **given: Any) -> None:
        """A telephone call with all its events: see README.md for its fields."""
        for event, received in self._events(call_id, at, to, **given):
            self._signed(f"/v1/carriers/generic/{self.carrier}", event, received)

    def _webhook(self, call_id: str, at: datetime, **event: Any) -> None:
        """One event of a call as a carrier posts it, for calls that do not go the usual way."""
        number = self._number(event.pop("to")) if "to" in event else None
        moments = {
            name: clock.iso(moment(event[name])) for name in ("started_at", "answered_at", "ended_at") if name in event
        }
        self._signed(
            f"/v1/carriers/generic/{self.carrier}",
            {"call_id": call_id} | event | moments | ({"to": number} if number else {}),
            at,
        )

    def _deal(self, external_id: str, at: datetime, **given: Any) -> None:
        """What the CRM says of a card."""
        outcome = {"external_id": external_id, "outcome_at": clock.iso(at), "status": "won"} | given
        self._signed(f"/v1/crm/generic/{self.crm}", outcome, at)

    def _archive(self, name: str, at: datetime) -> None:
        """A campaign ends."""
        change(SITE, self._campaign(name), {"archived": True}, at)
        forget_caches()

    def _rent(self, number: str, at: datetime, campaign: str) -> None:
        """A number is given to a campaign."""
        self._place(number, self._campaign(campaign).campaign_id, at)
        forget_caches()

    def _events(
        self, call_id: str, at: datetime, to: str, caller: str | None = "+79160000001", talk: int = 60,
        rings: int = 10, direction: str = "in", by: str = "101", order: tuple[int, ...] = (), received: Any = None,
        keys: str = "",
    ) -> list[tuple[dict[str, Any], datetime]]:  # fmt: skip
        """The usual events, each with when it is received; `order` and `received` say otherwise."""
        number, answered = self._number(to), at + timedelta(seconds=rings)
        ended = answered + timedelta(seconds=talk)
        ends = {"from": number, "to": caller} if direction == "out" else {"from": caller or "anonymous", "to": number}
        base = {"call_id": call_id, "direction": direction, "started_at": clock.iso(at)} | ends
        events = [(base | {"event": "call.started"}, at)]
        if talk:
            given: dict[str, Any] = {"event": "call.answered", "answered_at": clock.iso(answered), "answered_by": by}
            events.append((base | given, answered))
        if keys:
            events.append((base | {"event": "digits", "digits": self._keyed(keys)}, answered + timedelta(seconds=5)))
        given = {"event": "call.ended", "ended_at": clock.iso(ended), "talk_sec": talk, "duration_sec": rings + talk}
        events.append((base | given | {"disposition": "ANSWERED" if talk else "NO ANSWER"}, ended))
        events = [events[place] for place in order] if order else events
        return [(event, moment(received) if received else when) for event, when in events]

    def _keyed(self, keys: str) -> str:
        """Return the keys, each `{name}` as that visitor's code, each `{name?}` with a wrong last digit."""
        for who, code in self.codes.items():
            slip = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
            keys = keys.replace(f"{{{who}}}", code).replace(f"{{{who}?}}", slip)
        return keys

    def _number(self, to: str) -> str:
        """Who or what is called: the number on somebody's page, a static number's name, `overflow`, or a number."""
        if to == "overflow":
            return OVERFLOW
        return self.shown.get(to) or self.numbers.get(to) or to

    def _campaign(self, name: str) -> Campaign:
        return next(campaign for campaign in registry.campaigns_of(SITE.site_id) if campaign.name == name)

    def _place(self, number: str, campaign_id: str, at: datetime) -> None:
        static = TrackingNumber(number, SITE.site_id, NumberKind.STATIC, campaign_id=campaign_id, target_number=TARGET)
        provision_numbers.place_numbers(SITE.site_id, [static], at)

    def _signed(self, path: str, given: Mapping[str, Any], at: datetime) -> None:
        body, stamp = json.dumps(given).encode(), str(int(at.timestamp()))
        headers = {
            webhook_signature.TIMESTAMP: stamp,
            webhook_signature.SIGNATURE: webhook_signature.sign(SECRET, stamp, body),
        }
        self._post(path, given, at, headers)

    def _post(self, path: str, given: Mapping[str, Any], at: datetime, headers: Mapping[str, str]) -> Any:
        sent = {"Content-Type": "application/json", clock.HEADER: clock.iso(at), **headers}
        answer = self.client.http.request("POST", path, headers=sent, body=json.dumps(given).encode())
        assert answer.status_code == 200, answer.body
        return answer.json_body


def opened(journey: Mapping[str, Any], client: Client, session: Any) -> World:
    """The journey's site in storage: its options, pool, campaigns with their static numbers, and rules."""
    begun = moment(journey["steps"][0]["at"]) - timedelta(hours=1)
    options = dict(journey.get("site", {}))
    if "repeat_rule" in options:
        options["repeat_rule"] = RepeatRule(options["repeat_rule"])
    options |= {name: tuple(options[name]) for name in ("allowed_origins",) if name in options}
    registry.create_account(Account("acc1", "Pallets Ltd", begun))
    registry.create_site(replace(SITE, **options))
    registry.create_pool(Pool("p1", "s1", "main", TARGET, OVERFLOW, hold_seconds=300, address_percent=100))
    dynamic = [
        TrackingNumber(f"+7499000020{place}", "s1", NumberKind.DYNAMIC, pool_id="p1")
        for place in range(journey.get("numbers", 3))
    ]
    overflow = TrackingNumber(OVERFLOW, "s1", NumberKind.OVERFLOW, pool_id="p1")
    provision_numbers.place_numbers("s1", [*dynamic, overflow], begun)
    carrier = Endpoint("e1", "s1", "carrier", "generic", {"secret": SECRET}, target_number=TARGET)
    crm = Endpoint("e2", "s1", "crm", "generic", {"secret": SECRET})
    world = World(client, session, registry.create_endpoint(carrier)[1], registry.create_endpoint(crm)[1])
    for position, given in enumerate(journey.get("campaigns", [])):
        fields = dict(given)
        numbers = fields.pop("numbers", {})
        campaign = Campaign(f"c{position}", "s1", **checked_fields(fields))
        registry.create_campaign(campaign)
        for name, number in numbers.items():
            world.numbers[name] = number
            world._place(number, campaign.campaign_id, begun)
    if "rules" in journey:
        rules = decode(json.dumps({"rules": journey["rules"]}).encode(), NewRules).rules
        registry.put_rules("acc1", rules_in(rules))
    forget_caches()
    return world


def facts(day: date) -> DayFacts:
    """What is counted of one day, by the rulebook at the end of the journey."""
    forget_caches()
    site = registry.site("s1")
    assert site is not None
    calls, deals = calls_table.calls_of_day("s1", day), deals_table.deals_of_day("s1", day)
    return facts_of_day(site, load_rulebook(site, datetime.now(UTC)), calls, deals, lambda caller: None)


def source_of_contact(contact_id: str) -> tuple[str, str]:
    """A contact's kind, and in words the source it counts for under `last_non_direct`."""
    contact = contacts_table.get("s1", contact_id)
    site = registry.site("s1")
    assert contact is not None and site is not None
    credits, _ = facts_of_contacts(site, load_rulebook(site, datetime.now(UTC)), [contact])
    (part,) = [credit for credit in credits if credit.model == "last_non_direct"]
    return contact.kind, " / ".join((part.channel, part.source, part.campaign, part.keyword)).rstrip("/ ")


def credit_of(found: DayFacts, call_id: str, model: str) -> dict[str, Decimal]:
    """A call's credit under a model: source in words → weight, to four digits."""
    shares: dict[str, Decimal] = {}
    for part in found.credits:
        if part.call_id == f"generic-{call_id}" and part.model == model:
            said = (part.channel, part.source, part.campaign, part.keyword)
            name = " / ".join(said).rstrip("/ ")
            shares[name] = shares.get(name, Decimal(0)) + part.weight
    return {name: weight.quantize(Decimal("0.0001")) for name, weight in shares.items()}


def moment(given: datetime | str) -> datetime:
    """A time of the site's zone, as YAML reads it, in UTC."""
    naive = datetime.fromisoformat(given) if isinstance(given, str) else given
    return naive.replace(tzinfo=MOSCOW).astimezone(UTC)


def origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
