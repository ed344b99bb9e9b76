"""What docs/pool.md promises about who had a number, as plain intervals, against random histories of the real rules.

The model below shares nothing with the rules: a list of intervals a number, and one function that reads it. It watches
what storage accepted, checks that no interval that was over goes on, and answers every question asked of the history:
in the moment the clocks allow, a while later, and at the end of all.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.pool.lending.address_quota import ON_ITS_WAY
from chalicelib.pool.lending.commands import Command, Release, Renew, Retake, Take
from chalicelib.pool.lending.lease_group import GUARD, second_of
from chalicelib.pool.lending.pool_view import Policy
from tests.fakes.lease_table import GroupSlot, World, numbers_of

STEPS = int(os.environ.get("CALLPATH_MODEL_STEPS", "1500"))  # of each history
SKEW, NO_TIME_TO_DIAL = 2, 4  # seconds, as docs/pool.md says
HOLD = 60
Answer = tuple[str, bytes | None, int | None]  # certainty, whose, since when


@dataclass(slots=True)
class Interval:
    """One visitor had the number."""

    visitor: bytes
    begin: int
    end: int


@dataclass
class Promises:
    """The intervals of every number, in the order they began."""

    had: dict[GroupSlot, list[Interval]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def observe(self, command: Command, now: float) -> None:
        """Storage accepted a write at true time `now`; containers' clocks are up to a second off."""
        if not isinstance(command, Take | Retake | Renew | Release):
            return
        intervals = self.had.setdefault((command.group, command.slot), [])
        if isinstance(command, Take | Retake):
            if intervals and intervals[-1].end > command.leased:
                self.broken.append(f"{command} begins before {intervals[-1]} ended")
            intervals.append(Interval(command.visitor, command.leased, command.until))
            return
        last = intervals[-1]
        if last.visitor != command.visitor:
            self.broken.append(f"{command} changes a lease of somebody else: {last}")
        if last.end < now - ON_ITS_WAY - GUARD:  # a request may be on its way for so long
            self.broken.append(f"{command} goes on with {last}, which was over")
        last.end = command.until

    def who(self, position: GroupSlot, at: float, grace: float) -> Answer:
        """Whose a call is that came at `at`."""
        begun = [each for each in self.had.get(position, ()) if each.begin <= at]
        if not begun:
            return "unknown", None, None
        last = begun[-1]
        before = begun[-2] if len(begun) > 1 else None
        if before and before.visitor != last.visitor and at < last.begin + NO_TIME_TO_DIAL and at <= before.end + grace:
            return "previous", before.visitor, before.begin
        if at <= last.end + SKEW:
            return "live", last.visitor, last.begin
        if at <= last.end + grace:
            return "grace", last.visitor, last.begin
        return "unknown", None, None


@dataclass(frozen=True, slots=True)
class Question:
    """A call that came at `at`, to be asked about at three moments, and what was answered."""

    position: GroupSlot
    at: float
    grace: float
    answers: list[Answer]


class Site:
    """One pool whose visitors come, stay, leave, return and call, and whose operator changes it meanwhile."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        skews = tuple(self.rng.uniform(-GUARD / 2, GUARD / 2) for _ in range(4))
        groups, slots = self.rng.choice([(1, 2), (1, 12), (2, 12), (3, 5)])
        self.world = World(groups, slots, skews, GUARD, hold=HOLD, seed=seed, addresses=self.rng.choice([0, 3]))
        self.promises = Promises()
        self.visitors = [self.rng.randbytes(12) for _ in range(self.rng.choice([6, 60]))]
        self.closed: set[GroupSlot] = set()
        self.asked: list[Question] = []
        self.soon: list[tuple[float, Question]] = []
        execute = self.world.table.execute

        def watched(command: Command) -> Any:
            answer = execute(command)
            if isinstance(command, Take | Retake | Renew | Release) and answer.done:
                self.promises.observe(command, self.world.now)
            return answer

        self.world.table.execute = watched  # type: ignore[method-assign]

    def step(self) -> None:
        """One thing happens."""
        world, rng = self.world, self.rng
        act = rng.choices(
            [self.arrive, self.renew, self.leave, self.call, self.close, self.open, self.pass_time, self.travel],
            [10, 6, 3, 8, 0.3, 0.6, 8, 20],
        )[0]
        act()
        for due, question in [each for each in self.soon if each[0] <= world.now]:
            self.soon.remove((due, question))
            self.ask(question)

    def arrive(self) -> None:
        """Anybody: for the first time, again while their lease runs, or long after it."""
        self.world.ask(self.rng.randrange(4), self.rng.choice(self.visitors))

    def renew(self) -> None:
        """A page renews what it shows, or wakes up hours later with a lease that has ended."""
        if self.world.held:
            self.world.renew(self.rng.randrange(4), *self.rng.choice(sorted(self.world.held)))

    def leave(self) -> None:
        if self.world.held:
            self.world.release(self.rng.randrange(4), *self.rng.choice(sorted(self.world.held)))

    def call(self) -> None:
        """Somebody called: now or lately, by the carrier's clock."""
        position = (self.rng.randrange(self.world.groups), self.rng.randrange(self.world.slots))
        at = self.world.now - self.rng.choice([0, 0, 1, 5, 70, 700, 7000])
        if (intervals := self.promises.had.get(position)) and self.rng.random() < 0.3:
            at = intervals[-1].begin + self.rng.uniform(-2, 5)  # the number has just changed hands
        question = Question(position, at, self.rng.choice([0, 90, 1800, 86_400]), [])
        self.asked.append(question)
        late = self.rng.choice([0, 300, 20_000])
        # Everything that began by the call is written once the request that wrote it can have ended.
        self.soon.append((max(at + SKEW, self.world.now) + late, question))

    def close(self) -> None:
        """The operator drains or archives a number; each container learns of it when its registry's cache ends."""
        position = (self.rng.randrange(self.world.groups), self.rng.randrange(self.world.slots))
        if position not in self.closed and self.world.table.retire(
            position, self.world.now, at_once=self.rng.random() < 0.5
        ):
            self.closed.add(position)

    def open(self) -> None:
        """By a clock that may be days off: none is asked."""
        if self.closed:
            position = self.rng.choice(sorted(self.closed))
            self.world.table.activate(position)
            self.closed.remove(position)

    def pass_time(self) -> None:
        self.world.now += self.rng.choice([0.3, 1, 4, 20, 61, 95, 400, 3000 if self.rng.random() < 0.2 else 10])
        for container in self.world.containers:
            if self.rng.random() < 0.3:
                container.view.configure(self.numbers(), Policy(HOLD, 30, GUARD))

    def numbers(self) -> tuple[tuple[str, ...], ...]:
        """What the registry lets lend."""
        return tuple(
            tuple("" if (group, slot) in self.closed else number for slot, number in enumerate(numbers))
            for group, numbers in enumerate(numbers_of(self.world.groups, self.world.slots))
        )

    def travel(self) -> None:
        """Round trips of requests under way: answered, repeated by the SDK, or the container dies."""
        fates = ["answered"] * 8 + ["repeated", "crashed"]
        for _ in range(self.rng.randrange(1, 6)):
            if self.world.talks:
                self.world.step(self.rng.randrange(99), fate=self.rng.choice(fates))

    def ask(self, question: Question) -> None:
        """What the stored history answers at this moment, when no request is half done."""
        self.world.finish()
        found = self.world.table.holder(question.position, question.at, question.grace)
        since = None if found.leased_at is None else int(second_of(found.leased_at))
        question.answers.append((str(found.certainty), bytes.fromhex(found.visitor) if found.visitor else None, since))


@pytest.mark.parametrize("seed", range(6))
def test_who_had_a_number_is_what_was_promised_whenever_it_is_asked(seed: int) -> None:
    site = Site(seed)
    for step in range(STEPS):
        site.step()
        if step % 100 == 99:
            for question in site.rng.sample(site.asked, min(len(site.asked), 3)):
                if question.answers:
                    site.ask(question)
    site.world.now += 100_000
    for question in site.asked:
        site.ask(question)
    assert site.world.doubles == 0
    assert site.promises.broken == []
    for question in site.asked:
        expected = site.promises.who(question.position, question.at, question.grace)
        assert set(question.answers) == {expected}, question
    certainties = {answers[0] for question in site.asked for answers in question.answers}
    assert certainties == {"live", "grace", "previous", "unknown"}, "the histories have everything in them"
