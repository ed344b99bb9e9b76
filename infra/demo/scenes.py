"""Scenes at the one number of a small town, where it is certain who has it when. Pure.

They are what only chance brings about elsewhere: strangers and other visitors who call between two stays of the same
visitor, callers who dial a number again, two people at one number. A scene takes less than two and a half hours, and
the next one begins when nobody can be thought to have the number any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from infra.demo.events import Call, Person, Visit, local
from infra.demo.sources import DIRECT, KAZAN, Source
from infra.demo.visits import source_of

BEGINS = ((9, 10), (12, 40), (16, 10))  # in the shop's zone
KNOWN = 35  # percent of those who come first were here on an earlier day
NUMBER = KAZAN.numbers[0]


@dataclass(slots=True)
class Stage:
    """Where scenes are played; `at` is when the present one began."""

    rng: Random
    people: Iterator[Person]
    visit_keys: Iterator[int]
    call_keys: Iterator[int]
    at: datetime
    visits: list[Visit] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def somebody(self, besides: Person | None = None) -> Person:
        """Somebody new, or who was here on another day."""
        earlier = [visit.person for visit in self.visits if self.at - visit.at > timedelta(hours=12)]
        known = [person for person in earlier if person != besides]
        return self.rng.choice(known) if known and self.rng.randrange(100) < KNOWN else next(self.people)

    def comes(
        self, person: Person, minute: float, stays: float, source: Source | None = None, *, goodbye: bool = False
    ) -> Visit:
        """Somebody comes to the site."""
        at = self.at + timedelta(minutes=minute)
        leaves_at = at + timedelta(minutes=stays)
        visit = Visit(next(self.visit_keys), person, KAZAN, source or source_of(self.rng), at, leaves_at, goodbye)
        self.visits.append(visit)
        return visit

    def comes_too_late(self, person: Person, minute: float, stays: float) -> Visit:
        """Somebody comes while the number is another one's; the page shows a promo code, too."""
        visit = replace(self.comes(person, minute, stays), overflow=True, shows_code=True)
        self.visits[-1] = visit
        return visit

    def calls_from(self, visit: Visit, minute: float, *, code_of: Visit | None = None, talk: int = 0) -> None:
        """Let a visitor dial what the page shows."""
        self._calls(visit.person, minute, talk, visit=visit, code_of=code_of)

    def dials_again(self, person: Person, minute: float) -> None:
        """Somebody dials the number without looking at the page."""
        self._calls(person, minute, remembered=NUMBER)

    def _calls(
        self,
        person: Person,
        minute: float,
        talk: int = 0,
        visit: Visit | None = None,
        remembered: str | None = None,
        code_of: Visit | None = None,
    ) -> None:
        at = self.at + timedelta(minutes=minute)
        ring, talk = self.rng.randrange(3, 20), talk or self.rng.choice((0, 40, 95, 180))
        call = Call(next(self.call_keys), at, person, ring, talk, visit, remembered=remembered, code_of=code_of)
        self.calls.append(call)


def a_stranger_calls_between_two_stays(stage: Stage) -> None:
    """Call between two leases: the first has long ended, the second has not begun, so the call is nobody's."""
    visitor = stage.somebody()
    stage.comes(visitor, 0, 6)
    stage.dials_again(next(stage.people), 75)
    again = stage.comes(visitor, 130, 4, DIRECT)
    stage.calls_from(again, 131)


def another_visitor_calls_between_two_stays(stage: Stage) -> None:
    """Lend the number to somebody else meanwhile: each call is of who has it."""
    visitor = stage.somebody()
    stage.calls_from(stage.comes(visitor, 0, 4), 2)
    stage.calls_from(stage.comes(stage.somebody(), 50, 5), 52)
    stage.calls_from(stage.comes(visitor, 100, 5, DIRECT), 103)


def somebody_dials_again_what_nobody_has(stage: Stage) -> None:
    """Let a known caller dial a number that says nothing any more."""
    visit = stage.comes(stage.somebody(), 0, 5, goodbye=True)
    stage.calls_from(visit, 2)
    stage.dials_again(visit.person, 70)


def a_stranger_called_before_anybody_came(stage: Stage) -> None:
    """Let somebody come then who has nothing to do with it."""
    stage.dials_again(next(stage.people), 0)
    stage.calls_from(stage.comes(stage.somebody(), 5, 4, goodbye=True), 7)


def two_come_to_one_number(stage: Stage) -> None:
    """Show the second one the shared number, of which nobody can say who dials it."""
    first = stage.comes(stage.somebody(), 0, 12)
    second = stage.comes_too_late(stage.somebody(besides=first.person), 3, 6)
    stage.calls_from(second, 5)
    stage.calls_from(first, 6)


def a_promo_code_names_who_had_no_number(stage: Stage) -> None:
    """Let who has no number of their own key the page's code."""
    first = stage.comes(stage.somebody(), 0, 12)
    second = stage.comes_too_late(stage.somebody(besides=first.person), 3, 8)
    stage.calls_from(first, 4)
    stage.calls_from(second, 6, code_of=second, talk=120)


def a_visitor_comes_back_minutes_later(stage: Stage) -> None:
    """To a lease that was given back and has ended."""
    visitor = stage.somebody()
    stage.comes(visitor, 0, 5, goodbye=True)
    again = stage.comes(visitor, 9, 5)
    stage.calls_from(again, 11)
    third = stage.comes(visitor, 130, 2, DIRECT)
    stage.calls_from(third, 131)


SCENES: tuple[Callable[[Stage], None], ...] = (
    a_stranger_calls_between_two_stays,
    another_visitor_calls_between_two_stays,
    somebody_dials_again_what_nobody_has,
    a_stranger_called_before_anybody_came,
    two_come_to_one_number,
    a_promo_code_names_who_had_no_number,
    a_visitor_comes_back_minutes_later,
)


def scenes_of(
    days: tuple[date, ...], rng: Random, people: Iterator[Person], visit_keys: Iterator[int], call_keys: Iterator[int]
) -> tuple[list[Visit], list[Call]]:
    """Return the visits and calls of three scenes a day, each scene as often as the others."""
    stage = Stage(rng, people, visit_keys, call_keys, local(days[0], 0))
    order = rng.sample(range(len(SCENES)), len(SCENES))
    turns = count()
    for day in days:
        for hour, minute in BEGINS:
            stage.at = local(day, hour, minute)
            SCENES[order[next(turns) % len(order)]](stage)
    return stage.visits, stage.calls
