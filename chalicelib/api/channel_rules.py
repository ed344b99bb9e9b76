"""An account's channel rules: read, replaced as a whole, and tried on an address before anybody relies on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.api import validators
from chalicelib.api.auth import account_of, key_of, site_of
from chalicelib.api.recompute_days import asked_days, recompute
from chalicelib.api.requests import plain
from chalicelib.api.rulebooks import read_rulebook
from chalicelib.attribution import channel_rules
from chalicelib.attribution.rulebook import Rulebook, why
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.registry.types import ChannelRule, Comparison, Condition, Site
from chalicelib.runtime.http import Request
from chalicelib.visits import landing_url
from chalicelib.visits.channels import CHANNELS, channel_named
from chalicelib.visits.classify_source import arrival_of
from chalicelib.visits.types import Touch

MOST_RULES, MOST_CONDITIONS, MOST_VALUES, LONGEST = 200, 20, 100, 500
MOST_LETTERS = 100_000  # of all values together: the rules are one item of the directory
HOSTS = ("host", "landing_host")


class Asked(Struct):
    """One condition as it is written: `values`, or one `value`."""

    part: str
    compare: str = Comparison.EXACT
    values: list[str] | None = None
    value: str | None = None


class Rule(Struct):
    """One rule as it is written."""

    channel: str
    when: list[Asked]
    name: str = ""
    source: str | None = None
    medium: str | None = None


class NewRules(Struct):
    """Body of PUT …/channel-rules. `version`: the one they replace, to notice a change made meanwhile."""

    rules: list[Rule]
    version: int | None = None


class Trial(Struct):
    """Body of POST …/channel-rules/test.

    `rules` are tried in place of the account's own; `site_id` adds a site's own hosts and campaigns.
    """

    url: str
    referrer: str = ""
    site_id: str | None = None
    rules: list[Rule] | None = None


def item(request: Request) -> Any:
    """GET: the rules of the key's account (the operator's: of `account_id`). PUT: replace them, and recount days."""
    account_id = account_in(request)
    if request.method == "GET":
        return shown(account_id)
    body, back = decode(request.body, NewRules), asked_days(request)
    return replace_rules(account_id, rules_in(body.rules), back, request.now, over=body.version)


def test(request: Request) -> Any:
    """POST: what an arrival would be counted as, and which rule and campaign decide."""
    trial = decode(request.body, Trial)
    site = site_of(request, trial.site_id) if trial.site_id else None
    if site:
        rulebook = read_rulebook(site)
    else:
        key = key_of(request)
        account_id = account_of(key, request.argument("account_id"))
        rulebook = Rulebook(rules=store.rules_of(account_id).rules if account_id else ())
    if trial.rules is not None:
        rulebook = Rulebook(rulebook.campaigns, rules_in(trial.rules), rulebook.time_zone)
    return tried(rulebook, trial.url, trial.referrer, request.now, site)


def shown(account_id: str) -> dict[str, Any]:
    """Return the rules, with the channels that exist without them."""
    return {"account_id": account_id, **plain(store.rules_of(account_id)), "channels": CHANNELS}


def replace_rules(
    account_id: str, rules: Sequence[ChannelRule], back: int, now: datetime, *, over: int | None = None
) -> dict[str, Any]:
    """Store the rules and mark the last `back` days of the account's sites. Raises NotFound, Conflict."""
    store.put_rules(account_id, rules, over=over)
    return shown(account_id) | {"recomputed": recompute(store.sites_of(account_id), back, now)}


def tried(rulebook: Rulebook, url: str, referrer: str, now: datetime, site: Site | None = None) -> dict[str, Any]:
    """Classify an arrival of today at `url`: {"source", "builtin", "rule", "campaign_id", "why", "parts"}."""
    own = [landing_url.host_of(origin) for origin in site.allowed_origins] if site else []
    arrival = arrival_of(url, referrer, own)
    touch = Touch(now, url, referrer, "", arrival.source)
    decision = rulebook.decide(touch)
    return {
        "source": plain(decision.source),
        "builtin": plain(arrival.source) | {"decided_by": arrival.basis},
        "rule": decision.rule,
        "campaign_id": decision.campaign_id or None,
        "why": why(rulebook, decision, arrival.basis),
        "parts": {part: list(texts) for part, texts in channel_rules.parts_of(touch).items()},
    }


def rules_in(given: Sequence[Rule]) -> tuple[ChannelRule, ...]:
    """Check rules as they were written. Raises BadInput naming the part, as `rules[3].when[0].part`."""
    if len(given) > MOST_RULES:
        raise BadInput("rules", f"more than {MOST_RULES}")
    rules = tuple(_rule(each, f"rules[{place}]") for place, each in enumerate(given))
    if sum(len(value) for rule in rules for each in rule.when for value in each.values) > MOST_LETTERS:
        raise BadInput("rules", f"more than {MOST_LETTERS} letters in all")
    return rules


def _rule(given: Rule, field: str) -> ChannelRule:
    if not 1 <= len(given.when) <= MOST_CONDITIONS:
        raise BadInput(f"{field}.when", f"not 1 to {MOST_CONDITIONS} conditions")
    return ChannelRule(
        channel=validators.channel(given.channel, f"{field}.channel"),
        when=tuple(_condition(each, f"{field}.when[{place}]") for place, each in enumerate(given.when)),
        name=_text(given.name, f"{field}.name"),
        source=None if given.source is None else _text(given.source, f"{field}.source").lower(),
        medium=None if given.medium is None else _text(given.medium, f"{field}.medium").lower(),
    )


def _condition(asked: Asked, field: str) -> Condition:
    part = validators.one_of(asked.part, f"{field}.part", channel_rules.PARTS)
    compare = Comparison(validators.one_of(asked.compare, f"{field}.compare", Comparison))
    texts = asked.values if asked.values is not None else [] if asked.value is None else [asked.value]
    if not 1 <= len(texts) <= MOST_VALUES:
        raise BadInput(f"{field}.values", f"not 1 to {MOST_VALUES} values")
    values = tuple(_value(text, part, compare, f"{field}.values[{place}]") for place, text in enumerate(texts))
    return Condition(part, compare, values)


def _value(text: str, part: str, compare: Comparison, field: str) -> str:
    value = _text(text, field)
    if not value and compare is not Comparison.EXACT:
        raise BadInput(field, "is empty, which every text would meet")
    if part == "channel":
        return channel_named(value)
    return landing_url.in_letters(value).removeprefix("www.") if part in HOSTS else value


def _text(text: str, field: str) -> str:
    if len(text) > LONGEST:
        raise BadInput(field, f"longer than {LONGEST} characters")
    return text.strip()


def account_in(request: Request) -> str:
    """Return the key's account; for the operator, that of `account_id`. Raises BadInput, NotFound."""
    account_id = account_of(key_of(request), request.argument("account_id"))
    if account_id is None:
        raise BadInput("account_id", "the operator must say whose rules they are")
    if store.account(account_id) is None:
        raise NotFound("No such account.")
    return account_id
