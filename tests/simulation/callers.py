"""Visitors who call, with the truth known: on the page, minutes after, days later, and by the overflow number.

Numbers are lent by the production rules on an in-memory table; every call is kept with what production would read for
it: the leases of the number within the grace, or the visitors who were shown the overflow number.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.pool import rules
from chalicelib.pool.chooser import Choice
from chalicelib.pool.delays import Bins, Counted, Profile, Suspect, race
from chalicelib.pool.group import second_of
from chalicelib.pool.history import SKEW, Certainty
from chalicelib.pool.view import Policy, PoolView
from tests.pool.world import START, MemoryTable, numbers_of
from tests.simulation.traffic import Visits

DAY, GRACE = 86_400.0, 1800
HOLD = Visits().hold
SOURCES = 8


@dataclass(frozen=True, slots=True)
class Habits:
    """When visitors call. Shares of visitors; seconds."""

    on_page: float = 0.10  # after a log-normal time of reading and dialling, if he is still there
    reading: tuple[float, float] = (35.0, 0.7)  # median, σ
    after: float = 0.02  # a log-normal time after he left
    thinking: tuple[float, float] = (240.0, 1.4)
    later: float = 0.012  # on one of the next days, from a note
    days: float = 1.5  # mean


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
    suspects: tuple[Suspect, ...]
    overflow: bool
    winner: str | None  # the lease that `holding` names; the overflow number's calls were nobody's


class Watch(NamedTuple):
    """What was seen of some days."""

    rings: list[Ring]
    leases: int
    live_seconds: float
    sources: dict[str, int]  # by visitor


def watch(shop: Shop, seed: int, days: int) -> Watch:
    """Let so many days pass."""
    return _World(shop, random.Random(f"{shop.name} {seed}")).run(days)


def background(ring: Ring, profile: Profile) -> float:
    """The rate of those who are not looked back to: as attribution reckons it."""
    if not ring.overflow:
        return profile.background
    return profile.remembered * sum(each.stands_for for each in ring.suspects) / (HOLD + GRACE)


def counted(shop: Shop, seen: Watch, days: int) -> Counted:
    """What the profile is learned from: calls to lent numbers only."""
    calls: Counter[Bins] = Counter()
    for ring in seen.rings:
        if not ring.overflow:
            calls[race(ring.suspects, ring.at, _ANY, 0.0, SKEW).bins] += 1
    return Counted(calls, seen.leases, seen.live_seconds, shop.numbers * days * DAY)


class _World:
    def __init__(self, shop: Shop, rng: random.Random) -> None:
        self.shop, self.rng, self.now = shop, rng, START
        groups = math.ceil(shop.numbers / 12)
        self.table = MemoryTable(groups, math.ceil(shop.numbers / groups))
        self.view = PoolView(numbers_of(groups, math.ceil(shop.numbers / groups)), Policy(HOLD), rng)
        self.events: list[tuple[float, int, str, tuple[object, ...]]] = []
        self.overflowed: list[tuple[float, bytes]] = []
        self.visits = Visits()
        self.sources: dict[str, int] = {}
        self.count = self.leases = 0
        self.rate = shop.load * shop.numbers / self.visits.reservation()

    def run(self, days: int) -> Watch:
        until = START + days * DAY
        self._at(self.now + self.rng.expovariate(self.rate), "arrive")
        rings: list[Ring] = []
        while self.events and self.events[0][0] < until:
            self.now, _, act, about = heapq.heappop(self.events)
            rings += getattr(self, f"_{act}")(*about) or ()
        live = self.leases * self.visits.reservation()
        return Watch(rings, self.leases, live, self.sources)

    def _at(self, when: float, act: str, *about: object) -> None:
        self.count += 1
        heapq.heappush(self.events, (when, self.count, act, about))

    def _arrive(self) -> None:
        self._at(self.now + self.rng.expovariate(self.rate), "arrive")
        visitor = (1 << 64 | self.count).to_bytes(12, "big")
        self.sources[visitor.hex()] = self._source()
        fate = self.visits.fate(self.rng)
        lent = self.table.hold(rules.lend(self.view, visitor, self.now, self.rng))
        if lent is None:
            self.overflowed.append((self.now, visitor))
        else:
            self.leases += 1
            for place in range(1, int(fate.stay // self.visits.renew_every) + 1):
                self._at(self.now + place * self.visits.renew_every, "renew", (lent.group, lent.slot), visitor)
            if fate.goodbye is not None:
                self._at(self.now + fate.stay, "leave", (lent.group, lent.slot), visitor)
        when = self._calls_at(fate.stay)
        if when is not None:
            self._at(self.now + when, "ring", visitor, None if lent is None else (lent.group, lent.slot))

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

    def _renew(self, seat: tuple[int, int], visitor: bytes) -> None:
        self.table.hold(rules.renew(self.view, Choice(*seat), visitor, self.now))

    def _leave(self, seat: tuple[int, int], visitor: bytes) -> None:
        until = self.table.heads[seat[0]].slots[seat[1]].until
        self.table.hold(rules.release(Choice(*seat), visitor, self.now, until, self.view))

    def _ring(self, visitor: bytes, seat: tuple[int, int] | None) -> Iterator[Ring]:
        if seat is None:
            since = self.now - HOLD - GRACE
            shown = tuple(Suspect(who.hex(), at, at + HOLD) for at, who in self.overflowed[-200:] if at >= since)
            yield Ring(self.now, visitor.hex(), shown, True, None)
            return
        found = self.table.holder(seat, self.now, GRACE)
        suspects = tuple(Suspect(e.visitor, second_of(e.leased_at), second_of(e.expires_at)) for e in found.recent)
        winner = None if found.certainty is Certainty.UNKNOWN else found.visitor
        yield Ring(self.now, visitor.hex(), suspects, False, winner)


_ANY = Profile("", (0.0,) * 64, 0.0, 0.0)  # only the bins are asked of the race
