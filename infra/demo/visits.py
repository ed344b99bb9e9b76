"""Visits: ordinary days on which every visitor finds a number free, and rushes that leave some without one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from infra.demo.events import HOLD, Person, Quarantine, Visit, local
from infra.demo.sources import CITIES, DIRECT, MOSCOW, SOURCES, Market, Source

VISITS_A_DAY = 33
RETURNING = 30  # percent of visits by somebody who was here before
SOON = 40  # percent of those come back within the day: minutes or hours later
RETURNS_DIRECTLY = 60  # percent of those who come back
OPENS, CLOSES, RUSH = 9, 21, 13  # hours in the shop's zone
MARGIN = timedelta(seconds=30)  # between what is certainly free and certainly taken
MEDIAN_STAY, SPREAD = 150, 1.0  # seconds and sigma of a log-normal stay
LEAVES_IN_PEACE = 60  # percent of visits that give their number back
SHOWS_CODE = 30  # percent of visits, to pages with a place for a promo code
RUSH_STAYS = 40 * 60
LATE_FOR_A_NUMBER = 6  # visitors of a rush for whom no number is left
QUARANTINED = MOSCOW.numbers[4]


class Town:
    """Makes the visits of one market, one after another, and knows which numbers are taken when."""

    def __init__(
        self, market: Market, rng: Random, people: Iterator[Person], keys: Iterator[int], quarantines: list[Quarantine]
    ) -> None:
        self.market, self.rng, self.people, self.keys, self.quarantines = market, rng, people, keys, quarantines
        self.visits: list[Visit] = []

    def day(self, day: date, *, rush: bool) -> None:
        """Add a day's visits."""
        amount = round(VISITS_A_DAY * self.market.share / 100 * self.rng.uniform(0.7, 1.3))
        arrivals = sorted(self.rng.randrange((CLOSES - OPENS) * 3600) for _ in range(amount))
        busy = _rush_of(day) if rush else None
        for seconds in arrivals:
            visit = self._ordinary(local(day, OPENS) + timedelta(seconds=seconds))
            if self._fits(visit, day, busy):
                self.visits.append(visit)
        if busy:
            self.visits.extend(self._rush(day, busy[0]))
        self.visits.sort(key=lambda visit: (visit.at, visit.key))

    def _ordinary(self, at: datetime) -> Visit:
        known = self._somebody_known(at) if self.rng.randrange(100) < RETURNING else None
        source = DIRECT if known and self.rng.randrange(100) < RETURNS_DIRECTLY else source_of(self.rng)
        stay = min(max(int(self.rng.lognormvariate(math.log(MEDIAN_STAY), SPREAD)), 20), 2400)
        peaceful = self.rng.randrange(100) < LEAVES_IN_PEACE
        return self._visit(at, stay, source, known or next(self.people), peaceful)

    def _visit(self, at: datetime, stay: int, source: Source, person: Person, peaceful: bool) -> Visit:
        shows_code, leaves_at = self.rng.randrange(100) < SHOWS_CODE, at + timedelta(seconds=stay)
        return Visit(next(self.keys), person, self.market, source, at, leaves_at, peaceful, shows_code=shows_code)

    def _numbers(self, day: date) -> int:
        """How many numbers are lent on a day."""
        away = {each.number for each in self.quarantines if each.first_day <= day <= each.last_day}
        return sum(1 for number in self.market.numbers if number not in away)

    def _fits(self, visit: Visit, day: date, busy: tuple[datetime, datetime] | None) -> bool:
        """Whether it stays out of the rush and there is more than one number free for it."""
        if busy and visit.at < busy[1] and visit.lease_ends_at + MARGIN > busy[0]:
            return False
        taken = sum(1 for other in self.visits if other.lease_ends_at + MARGIN > visit.at)
        return taken < self._numbers(day) - 1

    def _rush(self, day: date, begins: datetime) -> Iterator[Visit]:
        """One visitor for each number, who all stay, and then those for whom none is left."""
        arrivals = (begins + timedelta(seconds=20 * place) for place in count())
        for _ in range(self._numbers(day)):
            yield self._visit(next(arrivals), RUSH_STAYS, source_of(self.rng), next(self.people), True)
        for _ in range(LATE_FOR_A_NUMBER):
            stay = self.rng.randrange(60, 240)
            late = self._visit(next(arrivals) + MARGIN, stay, source_of(self.rng), next(self.people), True)
            yield replace(late, overflow=True)

    def _somebody_known(self, at: datetime) -> Person | None:
        """Somebody whose lease has ended: minutes or weeks ago, whether or not the number is somebody else's now."""
        last_seen = {visit.person: visit for visit in self.visits}
        away = [visit for visit in last_seen.values() if visit.lease_ends_at + MARGIN < at]
        if self.rng.randrange(100) < SOON:
            away = [visit for visit in away if at - visit.at < timedelta(hours=12)] or away
        return self.rng.choice(away).person if away else None


def source_of(rng: Random) -> Source:
    """Return where somebody comes from."""
    return rng.choices(SOURCES, [source.visits for source in SOURCES])[0]


def _rush_of(day: date) -> tuple[datetime, datetime]:
    """From when to when a rush concerns anybody else."""
    begins = local(day, RUSH)
    return begins, begins + timedelta(seconds=RUSH_STAYS) + 2 * HOLD


def people_with_phones(rng: Random) -> Iterator[Person]:
    """Yield new people for ever, each with a mobile number of their own."""
    last = rng.randrange(1000)
    for key in count():
        last += rng.randrange(1, 9)
        yield Person(key, f"+7916{last:07d}")


def quarantines_of(days: tuple[date, ...]) -> list[Quarantine]:
    """Return a number that is not lent in the second third of the story."""
    third = len(days) // 3
    return [Quarantine(QUARANTINED, days[third], days[2 * third - 1])] if third else []


def visits_of(
    days: tuple[date, ...], rng: Random, people: Iterator[Person], keys: Iterator[int], quarantines: list[Quarantine]
) -> list[Visit]:
    """Make the visits that come by chance."""
    visits: list[Visit] = []
    for market in CITIES:
        rushes = set(rng.sample(range(len(days)), min(market.rushes, max(len(days) // 4, 1))))
        town = Town(market, rng, people, keys, quarantines)
        for place, day in enumerate(days):
            town.day(day, rush=place in rushes)
        visits.extend(town.visits)
    return visits
