"""Visits: ordinary days on which every visitor finds a number free, and rushes that leave some without one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from infra.demo.events import HOLD, Person, Visit, local
from infra.demo.sources import DIRECT, MARKETS, SOURCES, Market, Source

VISITS_A_DAY = 33
RETURNING = 22  # percent of visits by somebody who was here before
RETURNS_DIRECTLY = 60  # percent of those
AWAY_AT_LEAST = timedelta(hours=3)
OPENS, CLOSES, RUSH = 9, 21, 13  # hours in the shop's zone
MARGIN = timedelta(seconds=30)  # between what is certainly free and certainly taken
MEDIAN_STAY, SPREAD = 150, 1.0  # seconds and sigma of a log-normal stay
LEAVES_IN_PEACE = 60  # percent of visits that give their number back
RUSH_STAYS = 40 * 60
LATE_FOR_A_NUMBER = 6  # visitors of a rush for whom no number is left


class Town:
    """Makes the visits of one market, one after another, and knows which numbers are taken when."""

    def __init__(self, market: Market, rng: Random, people: Iterator[Person], keys: Iterator[int]) -> None:
        self.market, self.rng, self.people, self.keys = market, rng, people, keys
        self.visits: list[Visit] = []

    def day(self, day: date, *, rush: bool) -> None:
        """Add a day's visits."""
        amount = round(VISITS_A_DAY * self.market.share / 100 * self.rng.uniform(0.7, 1.3))
        arrivals = sorted(self.rng.randrange((CLOSES - OPENS) * 3600) for _ in range(amount))
        busy = _rush_of(day) if rush else None
        for seconds in arrivals:
            visit = self._ordinary(local(day, OPENS) + timedelta(seconds=seconds))
            if self._fits(visit, busy):
                self.visits.append(visit)
        if busy:
            self.visits.extend(self._rush(busy[0]))
        self.visits.sort(key=lambda visit: (visit.at, visit.key))

    def _ordinary(self, at: datetime) -> Visit:
        known = self._somebody_known(at) if self.rng.randrange(100) < RETURNING else None
        source = DIRECT if known and self.rng.randrange(100) < RETURNS_DIRECTLY else self._source()
        stay = min(max(int(self.rng.lognormvariate(math.log(MEDIAN_STAY), SPREAD)), 20), 2400)
        peaceful = self.rng.randrange(100) < LEAVES_IN_PEACE
        return self._visit(at, stay, source, known or next(self.people), peaceful)

    def _visit(self, at: datetime, stay: int, source: Source, person: Person, peaceful: bool) -> Visit:
        return Visit(next(self.keys), person, self.market, source, at, at + timedelta(seconds=stay), peaceful)

    def _fits(self, visit: Visit, busy: tuple[datetime, datetime] | None) -> bool:
        """Whether it stays out of the rush and there is more than one number free for it."""
        if busy and visit.at < busy[1] and visit.lease_ends_at + MARGIN > busy[0]:
            return False
        taken = sum(1 for other in self.visits if other.lease_ends_at + MARGIN > visit.at)
        return taken < len(self.market.numbers) - 1

    def _rush(self, begins: datetime) -> Iterator[Visit]:
        """One visitor for each number, who all stay, and then those for whom none is left."""
        arrivals = (begins + timedelta(seconds=20 * place) for place in count())
        for _ in self.market.numbers:
            yield self._visit(next(arrivals), RUSH_STAYS, self._source(), next(self.people), True)
        for _ in range(LATE_FOR_A_NUMBER):
            stay = self.rng.randrange(60, 240)
            late = self._visit(next(arrivals) + MARGIN, stay, self._source(), next(self.people), True)
            yield replace(late, overflow=True)

    def _source(self) -> Source:
        return self.rng.choices(SOURCES, [source.visits for source in SOURCES])[0]

    def _somebody_known(self, at: datetime) -> Person | None:
        last_seen = {visit.person: visit for visit in self.visits}
        away = [person for person, visit in last_seen.items() if visit.lease_ends_at + AWAY_AT_LEAST < at]
        return self.rng.choice(away) if away else None


def _rush_of(day: date) -> tuple[datetime, datetime]:
    """From when to when a rush concerns anybody else."""
    begins = local(day, RUSH)
    return begins, begins + timedelta(seconds=RUSH_STAYS) + 2 * HOLD


def people_with_phones(rng: Random) -> Iterator[Person]:
    """New people for ever, each with a mobile number of their own."""
    last = rng.randrange(1000)
    for key in count():
        last += rng.randrange(1, 9)
        yield Person(key, f"+7916{last:07d}")


def visits_of(days: tuple[date, ...], rng: Random, people: Iterator[Person]) -> tuple[Visit, ...]:
    """The visits of all markets, in order of arrival."""
    keys = count(1)
    visits: list[Visit] = []
    for market in MARKETS:
        rushes = set(rng.sample(range(1, len(days)), market.rushes))
        town = Town(market, rng, people, keys)
        for place, day in enumerate(days):
            town.day(day, rush=place in rushes)
        visits.extend(town.visits)
    return tuple(sorted(visits, key=lambda visit: (visit.at, visit.key)))
