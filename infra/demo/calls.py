"""Calls: out of visits, from printed numbers, from remembered ones, and the shop's own calls back. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from infra.demo.answers import answer
from infra.demo.events import GRACE, Call, Person, Quarantine, Visit, local
from infra.demo.sources import MOSCOW, PLACEMENTS

MISSED, SHORT, WITHHELD = 18, 8, 1  # percent of calls
LATE = 15  # percent of callers who have left the site when they dial
RETRIES, RUNG_BACK = 30, 50  # percent of missed calls
CALLS_AGAIN = 12  # percent of answered calls
OVERFLOW_CALLS = 60  # percent of those for whom no number was left
REMEMBERED = 4  # calls to numbers kept from days ago
STRAYS_A_DAY = 2  # to a number in quarantine
KNOWN_AT_PLACEMENT = 15  # percent of calls to printed numbers by somebody who also was on the site
MEDIAN_TALK = 110
ASIDE = timedelta(seconds=10)  # a later visitor's number is not dialled so soon, and an earlier one not so late


class Switchboard:
    """Makes the calls, and knows for how long a number still leads to the visitor who saw it."""

    def __init__(self, rng: Random, visits: list[Visit], keys: Iterator[int], until: datetime) -> None:
        self.rng, self.visits, self.keys, self.until = rng, visits, keys, until
        self.holding: dict[str, list[Visit]] = defaultdict(list)
        for visit in visits:
            if not visit.overflow:
                self.holding[visit.market.key].append(visit)

    def from_visits(self) -> Iterator[Call]:
        """Let some visitors call, on the page or soon after it."""
        for visit in self.visits:
            chance = OVERFLOW_CALLS if visit.overflow else visit.source.calls
            if self.rng.randrange(100) < chance:
                yield from self._chain(visit, self._moment(visit))

    def from_placements(self, days: tuple[date, ...], people: Iterator[Person]) -> Iterator[Call]:
        """People who read a printed number; some of them have been on the site too."""
        known = [visit.person for visit in self.visits]
        for placement in PLACEMENTS:
            for _ in range(placement.calls):
                at = local(self.rng.choice(days), 9) + timedelta(seconds=self.rng.randrange(11 * 3600))
                person = self.rng.choice(known) if self.rng.randrange(100) < KNOWN_AT_PLACEMENT else next(people)
                ring, talk = self._answer()
                yield Call(next(self.keys), at, person, ring, talk, placement=placement)

    def from_memory(self, days: tuple[date, ...], people: Iterator[Person]) -> Iterator[Call]:
        """At night, when nobody has held a number for hours, somebody dials one that was noted."""
        for place in range(REMEMBERED):
            number = self.rng.choice(MOSCOW.numbers)
            at = local(self.rng.choice(days), 3, 10 * place) + timedelta(seconds=self.rng.randrange(500))
            ring, talk = self._answer()
            yield Call(next(self.keys), at, next(people), ring, talk, remembered=number)

    def to_quarantine(self, quarantine: Quarantine, people: Iterator[Person]) -> Iterator[Call]:
        """Strangers dial a number that nobody is lent: that is why it is in quarantine."""
        days = (quarantine.last_day - quarantine.first_day).days + 1
        for _ in range(STRAYS_A_DAY * days):
            day = quarantine.first_day + timedelta(days=self.rng.randrange(days))
            at = local(day, 9) + timedelta(seconds=self.rng.randrange(12 * 3600))
            ring, talk = self._answer()
            yield Call(next(self.keys), at, next(people), ring, talk, remembered=quarantine.number)

    def rung_back(self, calls: list[Call]) -> Iterator[Call]:
        """Let the shop ring some of those it missed."""
        for missed in calls:
            if missed.talk or missed.person is None or self.rng.randrange(100) >= RUNG_BACK:
                continue
            at = missed.ends_at + timedelta(seconds=self.rng.randrange(300, 5400))
            talk = 0 if self.rng.randrange(100) < MISSED else self._talk()
            if at + timedelta(hours=1) < self.until:
                yield Call(next(self.keys), at, missed.person, self.rng.randrange(4, 20), talk, back_to=missed)

    def _chain(self, visit: Visit, at: datetime) -> Iterator[Call]:
        """Yield a call and, where the number still leads to this visit, what the caller dials next."""
        person = None if self.rng.randrange(100) < WITHHELD else visit.person
        keys_code = visit.overflow and visit.shows_code and visit.market.carrier == "generic"
        while self._leads_to(visit, at):
            ring, talk = self._answer()
            code_of = visit if keys_code and talk else None
            call = Call(next(self.keys), at, person, ring, talk, visit=visit, code_of=code_of)
            yield call
            if self.rng.randrange(100) >= (CALLS_AGAIN if talk else RETRIES):
                return
            at = call.ends_at + timedelta(seconds=self.rng.randrange(60, 480))

    def _moment(self, visit: Visit) -> datetime:
        stay = int((visit.leaves_at - visit.at).total_seconds())
        if not visit.overflow and self.rng.randrange(100) < LATE:
            return visit.leaves_at + timedelta(seconds=self.rng.randrange(100, 900))
        return visit.at + timedelta(seconds=self.rng.randrange(15, max(stay, 16)))

    def _leads_to(self, visit: Visit, at: datetime) -> bool:
        """Whether a call at this moment can be nobody else's.

        The lease runs; or nobody came since it ended, and nobody else had any number of the town within the grace
        before the call: whichever number was lent, only this visitor can have seen it lately.
        """
        if at + timedelta(hours=1) > self.until:
            return False
        if visit.overflow or at < visit.lease_ends_at:
            return True
        others = (
            other
            for other in self.holding[visit.market.key]
            if other.person != visit.person and other.at < at + ASIDE and other.lease_ends_at > at - GRACE - ASIDE
        )
        comes_back = any(
            other.person == visit.person and visit.at < other.at < at + ASIDE
            for other in self.holding[visit.market.key]
        )
        return at < visit.lease_ends_at + GRACE - ASIDE and next(others, None) is None and not comes_back

    def _answer(self) -> tuple[int, int]:
        """(seconds it rings, seconds they talk)."""
        chance = self.rng.randrange(100)
        if chance < MISSED:
            return self.rng.randrange(20, 40), 0
        talk = self.rng.randrange(3, 10) if chance < MISSED + SHORT else self._talk()
        return self.rng.randrange(3, 25), talk

    def _talk(self) -> int:
        return min(max(int(self.rng.lognormvariate(math.log(MEDIAN_TALK), 0.8)), 10), 1500)


def calls_by_chance(
    days: tuple[date, ...],
    rng: Random,
    visits: list[Visit],
    people: Iterator[Person],
    keys: Iterator[int],
    quarantines: list[Quarantine],
) -> list[Call]:
    """Return the calls of the visitors who came by chance, and of those who dial numbers without a visit."""
    board = Switchboard(rng, visits, keys, until=local(days[-1], 23))
    calls = [*board.from_visits(), *board.from_placements(days, people), *board.from_memory(days, people)]
    for quarantine in quarantines:
        calls += board.to_quarantine(quarantine, people)
    return calls


def calls_back(rng: Random, calls: list[Call], keys: Iterator[int], until: datetime) -> list[Call]:
    """Return the calls with which the shop rings some of those it missed."""
    return list(Switchboard(rng, [], keys, until).rung_back(calls))


def with_answers(rng: Random, calls: list[Call]) -> tuple[Call, ...]:
    """Return the calls in the order they were made, some with what the operator noted."""
    asked = (call if call.back_to or not call.talk else replace(call, answer=answer(rng)) for call in calls)
    return tuple(sorted(asked, key=lambda call: (call.at, call.key)))
