"""The story against the service: visitors ask for numbers in the order they come, carriers report what happened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import NamedTuple

from infra.demo.crm import outcome_bodies
from infra.demo.events import Call, Person, Story, Visit, day_of
from infra.demo.progress import Progress
from infra.demo.provision import Shop
from infra.demo.sources import MARKETS, Market
from infra.demo.webhooks import CRM_SECRET, Hook, hooks_of, signed_headers

WEBSITE = "https://shop.example"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
TEXT = {"Content-Type": "text/plain;charset=UTF-8", "User-Agent": BROWSER}
CARRIER_THREADS = 4


class Lent(NamedTuple):
    """What a visitor was answered."""

    number: str
    lease: str | None


class Moment(NamedTuple):
    """Something a browser does; sorts by when."""

    at: datetime
    visit: int
    act: str  # arrive, renew, leave


class Play:
    """Plays the story, and remembers who saw which number and what was not as it had to be."""

    def __init__(self, story: Story, shop: Shop) -> None:
        self.story, self.shop = story, shop
        self.visits = {visit.key: visit for visit in story.visits}
        self.seen: dict[int, Lent] = {}  # by visit
        self.browsers: dict[Person, str] = {}  # the visitor id each has been given
        self.holders: dict[str, Visit] = {}  # by number: who was lent it last
        self.surprises: list[str] = []
        self.moments = _moments(story.visits)

    @property
    def requests(self) -> int:
        """How many requests visitors and carriers make."""
        hooks = (len(hooks_of(call, "", "")) for call in self.story.calls)
        return sum(len(of_day) for of_market in self.moments.values() for of_day in of_market.values()) + sum(hooks)

    def days(self, progress: Progress) -> None:
        """Day after day: the visitors of each market in turn, then the carriers, each call on its own."""
        due: dict[date, dict[Call, list[Hook]]] = defaultdict(lambda: defaultdict(list))
        with ThreadPoolExecutor(CARRIER_THREADS) as pool:
            for day in self.story.days:
                _all(pool.map(lambda market, day=day: self._visitors(market, day, progress), MARKETS))
                self._deliver_later(day, due)
                _all(pool.map(lambda hooks: self._carrier(hooks, progress), due[day].values()))

    def outcomes(self, progress: Progress) -> None:
        """The CRM tells each card's steps; of some the last step first, and of some everything twice."""
        with ThreadPoolExecutor(CARRIER_THREADS) as pool:
            _all(pool.map(lambda bodies: self._crm(bodies, progress), outcome_bodies(self.story)))

    def _visitors(self, market: Market, day: date, progress: Progress) -> None:
        acts: dict[str, Callable[[Visit, datetime], None]] = {
            "arrive": self._arrive,
            "renew": self._renew,
            "leave": self._leave,
        }
        for moment in self.moments[market.key][day]:
            acts[moment.act](self.visits[moment.visit], moment.at)
            progress.done()

    def _arrive(self, visit: Visit, at: datetime) -> None:
        told = self._ask(visit, at, {"referrer": visit.source.referrer})
        expected = "overflow" if visit.overflow else "dynamic"
        if told["kind"] != expected:
            self.surprises.append(f"visit {visit.key} was given a number of kind {told['kind']}, not {expected}")
        self._check_free(visit, told["number"])
        self.browsers[visit.person] = told["visitor_id"]
        self.seen[visit.key] = Lent(told["number"], told["lease"])

    def _renew(self, visit: Visit, at: datetime) -> None:
        lent = self.seen[visit.key]
        told = self._ask(visit, at, {"lease": lent.lease, "referrer": WEBSITE + visit.market.path})
        if told["number"] != lent.number:
            self.surprises.append(f"visit {visit.key} lost its number while the visitor was there")
        self.seen[visit.key] = Lent(told["number"], told["lease"])

    def _leave(self, visit: Visit, at: datetime) -> None:
        body = {"visitor_id": self.browsers[visit.person], "lease": self.seen[visit.key].lease}
        path = f"/v1/sites/{self.shop.site_key}/release"
        self.shop.service.post(path, json.dumps(body).encode(), TEXT, at, (200, 202, 204))

    def _ask(self, visit: Visit, at: datetime, body: dict[str, str | None]) -> dict[str, str]:
        known = self.browsers.get(visit.person)
        asked = body | {"url": WEBSITE + visit.url} | ({"visitor_id": known} if known else {})
        path = f"/v1/sites/{self.shop.site_key}/number"
        answer: dict[str, str] = json.loads(self.shop.service.post(path, json.dumps(asked).encode(), TEXT, at))
        return answer

    def _check_free(self, visit: Visit, number: str) -> None:
        """A dynamic number must have been nobody's."""
        if visit.overflow:
            return
        before = self.holders.get(number)
        if before and before.person != visit.person and before.lease_ends_at > visit.at:
            self.surprises.append(f"visit {visit.key} was lent a number that visit {before.key} still had")
        self.holders[number] = visit

    def _deliver_later(self, day: date, due: dict[date, dict[Call, list[Hook]]]) -> None:
        """Put the hooks of the day's calls under the days on which they are delivered."""
        for call in self.story.calls:
            if day_of(call.at) == day:
                for hook in hooks_of(call, self._number_of(call), self._target_of(call)):
                    due[min(day_of(hook.at), self.story.last_day)][call].append(hook)

    def _number_of(self, call: Call) -> str:
        """The number dialled; when the shop rings back, the one that had rung."""
        dialled = call.back_to or call
        if dialled.placement:
            return dialled.placement.number
        return self.seen[dialled.visit.key].number if dialled.visit else str(dialled.remembered)

    def _target_of(self, call: Call) -> str:
        visit = (call.back_to or call).visit
        return (visit.market if visit else MARKETS[0]).target

    def _carrier(self, hooks: list[Hook], progress: Progress) -> None:
        for hook in hooks:
            url, body, headers = hook.request(self.shop.endpoints[hook.carrier])
            self.shop.service.post(url, body, headers, hook.at)
            progress.done()

    def _crm(self, bodies: list[tuple[datetime, bytes]], progress: Progress) -> None:
        for at, body in bodies:
            self.shop.service.post(self.shop.endpoints["crm"], body, signed_headers(CRM_SECRET, at, body), at)
            progress.done()


def _moments(visits: Iterable[Visit]) -> dict[str, dict[date, list[Moment]]]:
    """What browsers do, by market and day, in order."""
    found: dict[str, dict[date, list[Moment]]] = {market.key: defaultdict(list) for market in MARKETS}
    for visit in visits:
        moments = [Moment(visit.at, visit.key, "arrive")]
        moments += [Moment(at, visit.key, "renew") for at in visit.renewals]
        if visit.says_goodbye and not visit.overflow:
            moments.append(Moment(visit.leaves_at, visit.key, "leave"))
        for moment in moments:
            found[visit.market.key][day_of(moment.at)].append(moment)
    for of_market in found.values():
        for of_day in of_market.values():
            of_day.sort()
    return found


def _all(results: Iterable[None]) -> None:
    """Wait for all of them; the first that failed raises here."""
    for _ in results:
        pass
