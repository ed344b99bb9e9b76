"""One cell: a design, a pool, its traffic. Visitors arrive, stay, renew, leave and call; everything is counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.pool.lending.lease_history import Certainty, holding
from chalicelib.pool.lending.pool_view import Policy
from tests.simulation.design import Design, Held
from tests.simulation.engine import START, Container, Engine, Fleet, Network, Spent
from tests.simulation.flood import Flood, Flooding, Spoils, is_honest
from tests.simulation.packed import DEFAULT_PERCENT, PackedGroups
from tests.simulation.tally import Tally
from tests.simulation.traffic import Arrival, Phase, Visitors, Visits
from tests.simulation.truth import Truth

Make = Callable[[Truth, Policy, random.Random], Design]
CALL_GRACE = 1800.0  # seconds after a lease in which a call is still its holder's
SOONEST_CALL = 6.0  # seconds until a visitor has found the number and dialled it
WARM_UP = 5.0  # holds before counting begins: by then the first visitors' leases have long ended
FRESHLY_RESTED = 100, 3600  # seconds since their last lease, of numbers at the start of a burst
DRAIN = 60.0  # seconds after the last arrival, for conversations under way


VISITS, NETWORK = Visits(), Network()


@dataclass(frozen=True, slots=True)
class Cell:
    """A pool and its traffic. `load`: erlangs offered per number; the phases after the warm-up are counted."""

    name: str
    numbers: int
    load: float
    leases: int = 12_000
    containers: int = 4
    clock_error: float = 0.02  # seconds; each container's clock is off by up to so much
    guard: int = 2
    phases: tuple[Phase, ...] | None = None  # in place of `leases` at `load`
    warm_up: float | None = None  # seconds at `load`
    rested: bool = False  # every number was lent before, within the hour
    visits: Visits = VISITS
    network: Network = NETWORK


def simulate(cell: Cell, make: Make, seed: int) -> Tally:
    """Run the cell with this seed."""
    return Run(cell, make, seed).finish()


def flooded(cell: Cell, flood: Flood | None, seed: int, percent: int = DEFAULT_PERCENT) -> tuple[Tally, Spoils]:
    """Run the cell on our design with a flood from when counting begins. The tally is of the honest visitors alone.

    `percent` of the numbers is what one address may hold. Without a flood the same visitors come.
    """

    def make(truth: Truth, policy: Policy, rng: random.Random) -> PackedGroups:
        design = PackedGroups(truth, policy, rng)
        design.address_percent = percent
        return design

    run = Run(cell, make, seed)
    design = run.design
    assert isinstance(design, PackedGroups)
    flooding = None
    if flood is not None:
        chance = random.Random(f"flood {seed}")
        flooding = Flooding(flood, design, run.engine, run.fleet, run.truth, chance)
        run.when_counting = flooding.begin
    run.truth.watched = is_honest
    return run.finish(), flooding.spoils if flooding else Spoils()


class Run:
    """A cell under way. `truth`: who keeps account of what is lent, if not the plain one."""

    def __init__(self, cell: Cell, make: Make, seed: int, truth: Truth | None = None) -> None:
        self.cell, self.renew_every = cell, cell.visits.renew_every
        self.rng = random.Random(f"visitors {seed}")  # the same visitors for every design
        chance = random.Random(f"storage {seed}")
        self.truth = truth or Truth(cell.numbers, cell.guard)
        self.design = make(self.truth, Policy(hold=cell.visits.hold, guard=cell.guard), chance)
        self.engine = Engine(self.design.store, cell.network, chance)
        self.fleet = Fleet(self.engine, [self._container(chance) for _ in range(cell.containers)])
        self.tally = Tally(cell.numbers, self.truth, self.design.history_writes)
        self.visitors = Visitors(cell.visits, self.rng, START)
        self.held: dict[bytes, Held] = {}  # each visitor's last lease, as their browser remembers it
        self.when_counting: Callable[[float], None] | None = None  # is called with the end of the counted phases
        self.when_answered: Callable[[float, Arrival, Held | None], None] | None = None  # with when it was asked
        if cell.rested:
            self.design.store.rest(int(START - chance.uniform(*FRESHLY_RESTED)) for _ in range(cell.numbers))

    def _container(self, chance: random.Random) -> Container:
        error = chance.choice((-1, 1)) * chance.uniform(0.9, 1) * self.cell.clock_error
        return Container(self.design.memory(), error)

    def finish(self) -> Tally:
        """Let the day pass."""
        cell = self.cell
        rate = cell.load * cell.numbers / cell.visits.reservation()
        warm = WARM_UP * cell.visits.hold if cell.warm_up is None else cell.warm_up
        counted = cell.phases if cell.phases is not None else (Phase(cell.leases / rate, rate),)
        self.tally.since = self.engine.now + warm
        self.engine.at(self.tally.since, self.truth.start_counting)
        if self.when_counting is not None:
            end = self.tally.since + sum(phase.seconds for phase in counted)
            self.engine.at(self.tally.since, self.when_counting, end)
        for phase in (Phase(warm, rate), *counted):
            end = self.engine.now + phase.seconds
            if phase.rate:
                self._next_arrival(phase.rate, end)
            self.engine.run(end)
            self.engine.now = end
        self.tally.until = self.engine.now
        self.engine.run(self.engine.now + DRAIN)
        return self.tally

    def _next_arrival(self, rate: float, end: float) -> None:
        when = self.engine.now + self.rng.expovariate(rate)
        if when < end:
            self.engine.at(when, self._arrive, rate, end)

    def _arrive(self, rate: float, end: float) -> None:
        self._next_arrival(rate, end)
        self.tally.arrivals += self.engine.now >= self.tally.since
        arrival = self.visitors.arrive(self.engine.now)
        visitor, before = arrival.visitor, self._before(arrival)
        visit = _Visit(self, arrival, before)
        if before is None:
            self.fleet.ask(lambda container, now: self.design.lend(container.memory, visitor, now), visit.lent)
        else:
            self.fleet.ask(
                lambda container, now: self.design.come_back(container.memory, visitor, before, now), visit.lent
            )

    def _before(self, arrival: Arrival) -> Held | None:
        """The lease that the visitor still has in hand; of a visit before the beginning, one of any number."""
        if arrival.left is None or arrival.left >= START:
            return self.held.get(arrival.visitor)
        number, left = self.rng.randrange(self.cell.numbers), int(arrival.left)
        return Held(number, left, left)


class _Visit:
    """One visit with a number, until its visitor has left."""

    __slots__ = ("arrival", "before", "fate", "held", "leaves", "run", "visitor")

    def __init__(self, run: Run, arrival: Arrival, before: Held | None) -> None:
        self.run, self.arrival, self.before = run, arrival, before
        self.visitor, self.fate = arrival.visitor, arrival.fate
        self.leaves = run.engine.now + self.fate.stay
        self.held: Held | None = None

    def lent(self, held: Held | None, spent: Spent) -> None:
        """The answer to the request for a number."""
        engine, fate = self.run.engine, self.fate
        if self.arrival.left is not None:
            self.run.tally.came_back(held, self.before, spent)
        else:
            self.run.tally.asked(held, spent)
        if self.run.when_answered is not None:
            self.run.when_answered(spent.began, self.arrival, held)
        if held is None:
            if not spent.failed:  # the answer is the overflow number, and no lease
                self.run.held.pop(self.visitor, None)
            return
        self._keep(held)
        self._renew_later()
        leaves, soonest_call = max(self.leaves, engine.now), engine.now + SOONEST_CALL
        if fate.goodbye is not None:
            engine.at(leaves + fate.goodbye, self._release)
        if fate.call is not None:
            engine.at(soonest_call + fate.call * max(leaves - soonest_call, 0), self._call, False)
        if fate.late_call is not None:
            engine.at(max(leaves, soonest_call) + fate.late_call, self._call, True)

    def _renew_later(self) -> None:
        when = self.run.engine.now + self.run.renew_every
        if when < self.leaves:
            self.run.engine.at(when, self._renew)

    def _renew(self) -> None:
        held = self.held
        assert held is not None
        self.run.fleet.ask(
            lambda container, now: self.run.design.renew(container.memory, self.visitor, held, now), self._renewed
        )

    def _renewed(self, held: Held | None, spent: Spent) -> None:
        self.run.tally.renewed(spent)
        if held is not None:
            self._keep(held)
            self._renew_later()

    def _keep(self, held: Held) -> None:
        """What the browser remembers, in this visit and for the next."""
        self.held = self.run.held[self.visitor] = held

    def _release(self) -> None:
        held = self.held
        assert held is not None
        self.run.fleet.ask(
            lambda container, now: self.run.design.release(container.memory, self.visitor, held, now), self._released
        )

    def _released(self, _: Any, spent: Spent) -> None:
        self.run.tally.released(spent)

    def _call(self, late: bool) -> None:
        assert self.held is not None
        at = self.run.engine.now
        found = holding(self.run.design.leases(self.held.number, at), at, CALL_GRACE)
        known = found.certainty is not Certainty.UNKNOWN
        self.run.tally.called(late, known, known and found.visitor == self.visitor.hex())
