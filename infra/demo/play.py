"""The story against the service: visitors ask for numbers in the order they come, carriers report what happened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, TypeVar

from infra.demo.carrier_webhooks import CRM_SECRET, Dialled, Hook, count_of, hooks_of, our_id, signed_headers
from infra.demo.crm_webhooks import Moment, outcome_body, steps_by_day
from infra.demo.events import Call, Contact, Deal, Person, Story, Visit, day_of
from infra.demo.progress import Progress
from infra.demo.provision import Shop
from infra.demo.sources import MARKETS
from infra.demo.world import World

T = TypeVar("T")

WEBSITE = "https://shop.example"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
TEXT = {"Content-Type": "text/plain;charset=UTF-8", "User-Agent": BROWSER, "Origin": WEBSITE}


class Lent(NamedTuple):
    """What a visitor was answered."""

    number: str
    lease: str | None


class Act(NamedTuple):
    """Something that is done at a moment; of two at one moment the earlier in the story comes first."""

    at: datetime
    order: int
    run: Callable[[datetime], None]


class Play:
    """Plays the story, and remembers who saw which number and what was not as it had to be.

    Visitors come one after the other, as the story has them: which number the service lends then depends on nothing
    but the story and the seed of the service's chance. Carriers and the CRM speak through `threads` threads, each call
    and each card for itself: their order must not matter.
    """

    def __init__(self, story: Story, shop: Shop, world: World, threads: int, recordings_url: str) -> None:
        self.story, self.shop, self.world, self.threads = story, shop, world, threads
        self.recordings_url = recordings_url
        self.seen: dict[int, Lent] = {}  # by visit
        self.leases: dict[Person, str | None] = {}  # what each browser keeps
        self.codes: dict[tuple[Person, str], str] = {}  # by visitor and page
        self.holders: dict[str, Visit] = {}  # by number: who was lent it last
        self.noted: set[Call] = set()
        self.surprises: list[str] = []
        self.acts = _by_day(self._acts())
        self.cards = steps_by_day(story)

    @property
    def requests(self) -> int:
        """How many requests visitors, carriers, the CRM and the shop make."""
        sent = sum(len(steps) for of_day in self.cards.values() for steps in of_day.values())
        noted = sum(1 for call in self.story.calls if call.answer)
        return sum(map(len, self.acts.values())) + sum(map(count_of, self.story.calls)) + sent + noted

    def days(self, progress: Progress) -> None:
        """Day after day: the visitors, then the carriers, then the CRM; and all is attributed before the next day."""
        due: dict[date, dict[Call, list[Hook]]] = defaultdict(lambda: defaultdict(list))
        for day in self.story.days:
            for act in self.acts[day]:
                act.run(act.at)
                progress.done()
            self._deliver_later(day, due)
            self._all(partial(self._carrier, progress), due[day].items())
            self.world.keep_step()
            self._all(partial(self._crm, progress), self.cards[day].items())
            self._note_answers(due[day], progress)
            self.world.keep_step()

    def _all(self, act: Callable[[T], None], items: Iterable[T]) -> None:
        """Do it for all; the first that fails raises here."""
        if self.threads == 1:
            for item in items:
                act(item)
            return
        pool = ThreadPoolExecutor(self.threads)
        try:
            for _ in pool.map(act, items):
                pass
        finally:
            pool.shutdown(cancel_futures=True)  # of what failed or was interrupted nothing more is begun

    def _acts(self) -> Iterator[Act]:
        """Everything that browsers and the shop do."""
        for visit in self.story.visits:
            yield Act(visit.at, visit.key, partial(self._arrive, visit))
            if visit.shows_code:
                yield Act(visit.at, visit.key, partial(self._show_code, visit))
            for at in visit.renewals:
                yield Act(at, visit.key, partial(self._renew, visit))
            if visit.says_goodbye and not visit.overflow:
                yield Act(visit.leaves_at, visit.key, partial(self._leave, visit))
        for contact in self.story.contacts:
            yield Act(contact.at, contact.visit.key, partial(self._write, contact))
        for quarantine in self.story.quarantines:
            number = quarantine.number
            yield Act(quarantine.begins_at, 0, partial(self._set_state, number, "quarantine"))
            yield Act(quarantine.ends_at, 0, partial(self._set_state, number, "active"))

    def _arrive(self, visit: Visit, at: datetime) -> None:
        kept = self.leases.get(visit.person) if visit.person.keeps_leases else None
        answer = self._ask(visit, at, {"referrer": visit.source.referrer, "lease": kept})
        expected = "overflow" if visit.overflow else "dynamic"
        if answer["kind"] != expected:
            self.surprises.append(f"visit {visit.key} was given a number of kind {answer['kind']}, not {expected}")
        self._check_free(visit, answer["number"])
        self._keep(visit, answer)

    def _renew(self, visit: Visit, at: datetime) -> None:
        lent = self.seen[visit.key]
        answer = self._ask(visit, at, {"lease": lent.lease, "referrer": WEBSITE + visit.market.path})
        if answer["number"] != lent.number:
            self.surprises.append(f"visit {visit.key} lost its number while the visitor was there")
        self._keep(visit, answer)

    def _leave(self, visit: Visit, at: datetime) -> None:
        self._page("release", {"lease": self.seen[visit.key].lease}, visit.person, at, (200, 202, 204))

    def _show_code(self, visit: Visit, at: datetime) -> None:
        body = {"url": WEBSITE + visit.url, "referrer": visit.source.referrer}
        code = str(json.loads(self._page("promo", body, visit.person, at))["code"])
        if self.codes.setdefault(visit.page, code) != code:
            self.surprises.append(f"visit {visit.key} was shown another promo code than before on the same page")

    def _write(self, contact: Contact, at: datetime) -> None:
        phone = {"phone": contact.visit.person.phone} if contact.leaves_phone else {}
        body = {"type": contact.kind, "url": WEBSITE + contact.visit.url, **phone}
        if not json.loads(self._page("events", body, contact.visit.person, at))["recorded"]:
            self.surprises.append(f"contact {contact.key} was not recorded")

    def _set_state(self, number: str, state: str, at: datetime) -> None:
        self.shop.service.manage("PATCH", f"sites/{self.shop.site_id}/numbers/{number}", at, {"state": state})

    def _ask(self, visit: Visit, at: datetime, body: dict[str, str | None]) -> dict[str, str]:
        answer: dict[str, str] = json.loads(self._page("number", body | {"url": WEBSITE + visit.url}, visit.person, at))
        return answer

    def _page(
        self,
        task: str,
        body: dict[str, str] | dict[str, str | None],
        person: Person,
        at: datetime,
        expected: tuple[int, ...] = (200,),
    ) -> bytes:
        """One request of a browser."""
        content = json.dumps({"visitor_id": person.browser} | body).encode()
        return self.shop.service.post(f"/v1/sites/{self.shop.site_key}/{task}", content, TEXT, at, expected)

    def _keep(self, visit: Visit, answer: dict[str, str]) -> None:
        self.leases[visit.person] = answer["lease"]
        self.seen[visit.key] = Lent(answer["number"], answer["lease"])

    def _check_free(self, visit: Visit, number: str) -> None:
        """Check that a dynamic number was nobody's, and not in quarantine."""
        if visit.overflow:
            return
        before = self.holders.get(number)
        if before and before.person != visit.person and before.lease_ends_at > visit.at:
            self.surprises.append(f"visit {visit.key} was lent a number that visit {before.key} still had")
        if any(each.number == number and each.begins_at <= visit.at < each.ends_at for each in self.story.quarantines):
            self.surprises.append(f"visit {visit.key} was lent a number that is in quarantine")
        self.holders[number] = visit

    def _deliver_later(self, day: date, due: dict[date, dict[Call, list[Hook]]]) -> None:
        """Put the hooks of the day's calls under the days on which they are delivered."""
        for call in self.story.calls:
            if day_of(call.at) == day:
                for hook in hooks_of(call, self.dialled(call), self.recordings_url):
                    due[min(day_of(hook.at), self.story.last_day)][call].append(hook)

    def dialled(self, call: Call) -> Dialled:
        """Return the number dialled; when the shop rings back, the one that had rung."""
        dialled = call.back_to or call
        market = dialled.visit.market if dialled.visit else MARKETS[0]
        code = self.codes[call.code_of.page] if call.code_of else ""
        if dialled.placement:
            return Dialled(dialled.placement.number, market.target, code)
        number = self.seen[dialled.visit.key].number if dialled.visit else str(dialled.remembered)
        return Dialled(number, market.target, code)

    def _carrier(self, progress: Progress, reported: tuple[Call, list[Hook]]) -> None:
        for hook in reported[1]:
            url, body, headers = hook.request(self.shop.endpoints[hook.carrier])
            self.shop.service.post(url, body, headers, hook.at)
            progress.done()

    def _crm(self, progress: Progress, reported: tuple[Deal, list[Moment]]) -> None:
        deal, moments = reported
        for step, at in moments:
            body = outcome_body(deal, step, self.codes)
            self.shop.service.post(self.shop.endpoints["crm"], body, signed_headers(CRM_SECRET, at, body), at)
            progress.done()

    def _note_answers(self, calls: Iterable[Call], progress: Progress) -> None:
        """Let operators write down what callers said brought them, once the service knows of the call."""
        for call in calls:
            if call.answer and call not in self.noted:
                self.noted.add(call)
                path = f"sites/{self.shop.site_id}/calls/{our_id(call)}"
                self.shop.service.manage("PATCH", path, call.ends_at, {"self_reported": call.answer.words})
                progress.done()


def _by_day(acts: Iterable[Act]) -> dict[date, list[Act]]:
    """Yield the acts of each day in the order they are done."""
    found: dict[date, list[Act]] = defaultdict(list)
    for act in acts:
        found[day_of(act.at)].append(act)
    for of_day in found.values():
        of_day.sort(key=lambda act: (act.at, act.order))  # stable: an arrival comes before what is done on its page
    return found
