"""Visitors who call, with the truth known: on the page, minutes after, days later, and by the overflow number.

30 % of the visits are returns, with the number of then if nobody else got it. Some visitors call again: they dial the
number from the call log, or come anew in another browser and call the number it shows.

Numbers are lent by the production rules on an in-memory table; every call is kept with what production would read for
it: the leases of the number within the grace, or the visitors who were shown the overflow number.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from chalicelib.pool.lending import rules
from chalicelib.pool.lending.lease_group import Position, second_of
from chalicelib.pool.lending.lease_history import SKEW, Certainty, Holding
from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.statistics.delay_profile import Counted, Profile, ShownVisitor, likelihoods_of
from chalicelib.pool.statistics.redial_rates import Sight
from tests.fakes.lease_table import START, MemoryTable, numbers_of
from tests.simulation.traffic import Fate, Visitors, Visits

DAY, GRACE = 86_400.0, 1800
HOLD = Visits().hold
SOURCES = 8
ANEW = 3  # in the ids of visitors who come anew; the others have 1 there
MINUTES = 10  # after the last request of a page


@dataclass(frozen=True, slots=True)
class Habits:
    """When visitors call. Shares of visitors; seconds."""

    on_page: float = 0.10  # after a log-normal time of reading and dialling, if they are still there
    reading: tuple[float, float] = (35.0, 0.7)  # median, σ
    after: float = 0.02  # a log-normal time after they left
    thinking: tuple[float, float] = (240.0, 1.4)
    later: float = 0.012  # on one of the next days, from a note
    days: float = 1.5  # mean
    redials: float = 0.0  # of calls: the number is dialled again from the call log, after a log-normal time
    redial_after: tuple[float, float] = (3 * 3600.0, 2.0)  # median, σ: 5 % within 7 minutes, 5 % after 3.4 days
    anew: float = 0.0  # of calls: the caller comes anew, in another browser, after an exponential time
    anew_days: float = 3.0  # mean
    anew_calls: float = 0.5  # of such visits
    withheld: float = 0.0  # of callers withhold their number


@dataclass(frozen=True, slots=True)
class Shop:
    """A pool and its visitors."""

    name: str
    numbers: int
    load: float  # erlangs offered per number
    habits: Habits = Habits()


class Ring(NamedTuple):
    """One call: who made it, what production reads for it, and whom the rules before this one gave it to."""

    at: float
    caller: str
    shown: tuple[ShownVisitor, ...]
    overflow: bool
    winner: str | None  # the lease that `holding` names; the overflow number's calls were nobody's
    held: Holding | None = None  # of a lent number: who had it, and who may have dialled it besides
    number: str = ""
    phone: str | None = None  # the caller's number; None: withheld
    again: bool = False  # dialled from the call log

    @property
    def redial(self) -> bool:
        """Whether the caller is known to have called this number before."""
        return self.again and self.phone is not None


class Late(NamedTuple):
    """Whom a call would be given to that its visitor makes some minutes after the last request of the page."""

    minute: int  # begun since
    right: bool  # the visitor has or last had the number


class Watch(NamedTuple):
    """What was seen of some days."""

    rings: list[Ring]
    leases: int
    live_seconds: float
    sources: dict[str, int]  # by visitor
    late: list[Late]  # empty unless asked for
    use: float  # of the numbers, lent in the mean; 0 unless asked for


def watch(shop: Shop, seed: int, days: int, late: float = 0.0) -> Watch:
    """Let so many days pass. Of a share `late` of leases it is looked whose a call would be in the minutes after."""
    return _World(shop, random.Random(f"{shop.name} {seed}"), random.Random(f"late {seed}"), late).run(days)


def background(ring: Ring, profile: Profile) -> float:
    """The rate of those who are not looked back to: as attribution reckons it."""
    if not ring.overflow:
        return profile.background
    return profile.remembered * sum(each.weight for each in ring.shown) / (HOLD + GRACE)


def counted(shop: Shop, seen: Watch, days: int) -> Counted:
    """What the profile is learned from, where nobody asks who called before: calls to lent numbers only."""
    lent = [likelihoods_of(ring.shown, ring.at, _ANY, 0.0, SKEW).bins for ring in seen.rings if not ring.overflow]
    calls = Counter(Sight(bins) for bins in lent)
    return Counted(calls, seen.leases, seen.live_seconds, shop.numbers * days * DAY, days * DAY)


@cache
def _reservation() -> float:
    """Mean seconds that a visit keeps a number from others."""
    return Visits().reservation()


class _World:
    def __init__(self, shop: Shop, rng: random.Random, look: random.Random, late: float) -> None:
        self.shop, self.rng, self.now = shop, rng, START
        self.look, self.share_looked_at = look, late
        self.late: list[Late] = []
        self.in_use: list[float] = []
        self.phones: dict[bytes, bytes | None] = {}
        groups = math.ceil(shop.numbers / 12)
        self.table = MemoryTable(groups, math.ceil(shop.numbers / groups))
        self.view = PoolView(numbers_of(groups, math.ceil(shop.numbers / groups)), Policy(HOLD), rng)
        self.events: list[tuple[float, int, str, tuple[object, ...]]] = []
        self.overflowed: list[tuple[float, bytes]] = []
        self.visits = Visits()
        self.visitors = Visitors(self.visits, rng, START)
        self.sources: dict[str, int] = {}
        self.count = self.leases = 0
        self.rate = shop.load * shop.numbers / _reservation()

    def run(self, days: int) -> Watch:
        until = START + days * DAY
        self._at(self.now + self.rng.expovariate(self.rate), "arrive")
        rings: list[Ring] = []
        while self.events and self.events[0][0] < until:
            self.now, _, act, about = heapq.heappop(self.events)
            rings += getattr(self, f"_{act}")(*about) or ()
        live = self.leases * _reservation()
        use = sum(self.in_use) / max(len(self.in_use), 1)
        return Watch(rings, self.leases, live, self.sources, self.late, use)

    def _at(self, when: float, act: str, *about: object) -> None:
        self.count += 1
        heapq.heappush(self.events, (when, self.count, act, about))

    def _arrive(self) -> None:
        self._at(self.now + self.rng.expovariate(self.rate), "arrive")
        visitor, fate, _ = self.visitors.arrive(self.now)
        if visitor not in self.phones:
            withheld = self.shop.habits.withheld and self.rng.random() < self.shop.habits.withheld
            self.phones[visitor] = None if withheld else visitor
        self._visit(visitor, fate, self._calls_at)

    def _come_anew(self, phone: bytes) -> None:
        """Somebody who called before, in another browser."""
        visitor = (ANEW << 64 | self.count).to_bytes(12, "big")
        self.phones[visitor] = phone
        self._visit(visitor, self.visits.fate(self.rng), self._calls_anew_at)

    def _visit(self, visitor: bytes, fate: Fate, calls_at: Callable[[float], float | None]) -> None:
        self.sources[visitor.hex()] = self._source()
        lent = self.table.run(rules.lend(self.view, visitor, self.now, self.rng))
        position = None if lent is None else (lent.group, lent.slot)
        if lent is None or position is None:
            self.overflowed.append((self.now, visitor))
        else:
            self.leases += lent.leased == math.floor(self.now)  # else the lease of a visit before runs still
            renewals = int(fate.stay // self.visits.renew_every)
            for place in range(1, renewals + 1):
                self._at(self.now + place * self.visits.renew_every, "renew", position, visitor)
            if fate.goodbye is not None:
                self._at(self.now + fate.stay, "leave", position, visitor)
            if self.share_looked_at and self.look.random() < self.share_looked_at:
                for minute in range(MINUTES):
                    when = self.now + renewals * self.visits.renew_every + 60 * (minute + self.look.random())
                    self._at(when, "look", visitor, position, minute)
        called_after = calls_at(fate.stay)
        if called_after is not None:
            self._at(self.now + called_after, "ring", visitor, position, False)

    def _source(self) -> int:
        """Campaigns come in waves, so that the visitors before and after a call are not all alike."""
        wave = int(self.now // 7200) % SOURCES
        return wave if self.rng.random() < 0.3 else self.rng.randrange(SOURCES)

    def _calls_at(self, stay: float) -> float | None:
        habits, chance = self.shop.habits, self.rng.random()
        if chance < habits.on_page:
            when = habits.reading[0] * self.rng.lognormvariate(0, habits.reading[1])
            return when if when < stay else None
        chance -= habits.on_page
        if chance < habits.after:
            return stay + habits.thinking[0] * self.rng.lognormvariate(0, habits.thinking[1])
        return stay + self.rng.expovariate(1 / (habits.days * DAY)) if chance < habits.after + habits.later else None

    def _calls_anew_at(self, stay: float) -> float | None:
        habits = self.shop.habits
        when = habits.reading[0] * self.rng.lognormvariate(0, habits.reading[1])
        return when if self.rng.random() < habits.anew_calls and when < stay else None

    def _renew(self, position: tuple[int, int], visitor: bytes) -> None:
        self.table.run(rules.renew(self.view, Position(*position), visitor, self.now))

    def _leave(self, position: tuple[int, int], visitor: bytes) -> None:
        until = self.table.groups[position[0]].slots[position[1]].until
        self.table.run(rules.release(Position(*position), visitor, self.now, until, self.view))

    def _ring(self, visitor: bytes, position: tuple[int, int] | None, again: bool) -> Iterator[Ring]:
        habits, phone = self.shop.habits, self.phones[visitor]
        if habits.redials and self.rng.random() < habits.redials:
            median, sigma = habits.redial_after
            self._at(self.now + median * self.rng.lognormvariate(0, sigma), "ring", visitor, position, True)
        if habits.anew and phone and self.rng.random() < habits.anew:
            self._at(self.now + self.rng.expovariate(1 / (habits.anew_days * DAY)), "come_anew", phone)
        said = phone.hex() if phone else None
        if position is None:
            since = self.now - HOLD - GRACE
            shown = tuple(ShownVisitor(who.hex(), at, at + HOLD) for at, who in self.overflowed[-200:] if at >= since)
            yield Ring(self.now, visitor.hex(), shown, True, None, None, "overflow", said, again)
            return
        held, number = self.table.holder(position, self.now, GRACE), f"{position[0]}-{position[1]}"
        winner = None if held.certainty is Certainty.UNKNOWN else held.visitor
        yield Ring(self.now, visitor.hex(), shown_in(held), False, winner, held, number, said, again)

    def _look(self, visitor: bytes, position: tuple[int, int], minute: int) -> None:
        held = self.table.holder(position, self.now, GRACE)
        right = held.certainty is not Certainty.UNKNOWN and held.visitor == visitor.hex()
        self.late.append(Late(minute, right))
        slots = [slot for group in self.table.groups.values() for slot in group.slots if slot.visitor is not None]
        self.in_use.append(sum(slot.until >= self.now for slot in slots) / self.shop.numbers)


def shown_in(held: Holding) -> tuple[ShownVisitor, ...]:
    """Who was shown a number, as `likelihoods_of` takes them."""
    return tuple(ShownVisitor(e.visitor, second_of(e.leased_at), second_of(e.expires_at)) for e in held.recent)


_ANY = Profile("", (0.0,) * 64, 0.0, 0.0)  # only the bins are used
