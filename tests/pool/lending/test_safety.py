"""With any order of round trips, lost answers, dead containers and clocks within a second: one holder a number."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.pool.lending import rules
from chalicelib.pool.lending.address_quota import LEAST_NUMBERS
from chalicelib.pool.lending.lease_group import GUARD, RETIRED
from chalicelib.pool.lending.lease_history import SKEW, Certainty
from tests.fakes.lease_table import World

VISITORS = [bytes([number]) * 12 for number in range(40)]
FATES = st.sampled_from(["answered"] * 6 + ["repeated", "crashed"])
CONTAINERS = st.integers(0, 3)
SKEWS = st.tuples(*[st.floats(-GUARD / 2, GUARD / 2, allow_nan=False)] * 4)


class Pool(RuleBasedStateMachine):
    """Visitors come, stay, leave and return through four containers whose clocks disagree."""

    world: World

    @initialize(
        groups=st.integers(1, 3),
        slots=st.integers(1, 12),
        skews=SKEWS,
        seed=st.integers(0, 2**16),
        addresses=st.sampled_from([0, 1, 3]),
    )
    def open(self, groups: int, slots: int, skews: tuple[float, ...], seed: int, addresses: int) -> None:
        self.world = World(groups, slots, skews, GUARD, seed=seed, addresses=addresses)

    @rule(container=CONTAINERS, visitors=st.lists(st.sampled_from(VISITORS), min_size=1, max_size=12))
    def ask(self, container: int, visitors: list[bytes]) -> None:
        for place, visitor in enumerate(visitors):
            self.world.ask((container + place) % 4, visitor)

    @rule(container=CONTAINERS, place=st.integers(0, 99))
    def renew(self, container: int, place: int) -> None:
        if held := sorted(self.world.held):
            self.world.renew(container, *held[place % len(held)])

    @rule(container=CONTAINERS, place=st.integers(0, 99))
    def release(self, container: int, place: int) -> None:
        if held := sorted(self.world.held):
            self.world.release(container, *held[place % len(held)])

    @precondition(lambda self: self.world.talks)
    @rule(steps=st.lists(st.tuples(st.integers(0, 99), FATES), min_size=1, max_size=20))
    def step(self, steps: list[tuple[int, str]]) -> None:
        for place, fate in steps:
            if self.world.talks:
                self.world.step(place, fate=fate)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 30.0, 61.0, 64.0, 160.0]))
    def wait(self, seconds: float) -> None:
        self.world.now += seconds

    @invariant()
    def no_number_has_two_holders(self) -> None:
        assert self.world.doubles == 0

    @precondition(lambda self: self.world.addresses)
    @invariant()
    def no_address_holds_more_than_it_may(self) -> None:
        assert max(self.world.held_by_address().values(), default=0) <= LEAST_NUMBERS

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finish()
            assert self.world.doubles == 0
            check_history(self.world)
            check_no_number_is_lost(self.world)


def check_history(world: World) -> None:
    """Every lease that was ever written answers for the moments it ran, and for the quiet ones after it."""
    by_seat: dict[Any, list[Any]] = {}
    for grant in world.grants:
        by_seat.setdefault(grant.position, []).append(grant)
    for position, grants in by_seat.items():
        for grant, following in zip(grants, [*grants[1:], None], strict=True):
            for at in (grant.leased + 5, grant.first_until - 1):
                found = world.table.holder(position, at)
                assert found.visitor == grant.visitor.hex(), found
            quiet = grant.until + SKEW + 1
            if following is None or following.leased > quiet + SKEW:
                found = world.table.holder(position, quiet)
                assert (found.certainty, found.visitor) == (Certainty.GRACE, grant.visitor.hex())


def check_no_number_is_lost(world: World) -> None:
    """Long after, as many new visitors as there are numbers all get one."""
    world.now += 10_000
    lent = set()
    view, total = world.containers[0].view, world.groups * world.slots
    for number in range(total):
        visitor = number.to_bytes(12, "big")
        found = world.table.run(rules.lend(view, b"\xff" + visitor[1:], world.now, world.rng))
        assert found is not None, f"{total - number} numbers are never lent again"
        lent.add((found.group, found.slot))
    assert len(lent) == total
    assert all(
        slot.until == RETIRED for current in world.table.groups.values() for slot in current.slots[world.slots :]
    )


TestPool = Pool.TestCase
TestPool.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def busy_day(guard: int, skew: float, seed: int) -> World:
    """A pool with many more visitors than numbers, whose containers' clocks are up to `skew` seconds off."""
    rng = random.Random(seed)
    world = World(1, 6, (-skew, skew, 0.0, skew), guard, hold=30, seed=seed)
    for _ in range(1500):
        world.now += rng.expovariate(1.0)
        world.ask(rng.randrange(4), rng.randbytes(12))
        if world.held and rng.random() < 0.3:
            position, visitor = rng.choice(sorted(world.held))
            if world.held[position, visitor] > world.now:
                world.renew(rng.randrange(4), position, visitor)
        while world.talks and rng.random() < 0.9:
            world.step(rng.randrange(99), fate=rng.choice(["answered"] * 8 + ["repeated", "crashed"]))
    return world


def test_clocks_a_second_off_never_lend_a_number_twice_under_the_guard() -> None:
    worlds = [busy_day(GUARD, 1.0, seed) for seed in range(4)]
    assert sum(len(world.grants) for world in worlds) > 300
    assert [world.doubles for world in worlds] == [0] * 4
    for world in worlds:
        world.finish()
        check_history(world)


def test_without_the_guard_the_same_oracle_finds_numbers_lent_twice() -> None:
    assert sum(busy_day(0, 1.5, seed).doubles for seed in range(4)) > 0


def test_one_address_never_holds_more_than_it_may_and_always_gets_as_much_again() -> None:
    for seed in range(6):
        rng = random.Random(seed)
        world = World(3, 12, (-1.0, 1.0, 0.0, 1.0), GUARD, hold=120, seed=seed, addresses=1)
        most = 0
        for _ in range(800):
            world.now += rng.choice([0.1, 1.0, 5.0])
            world.ask(rng.randrange(4), bytes([rng.randrange(100)]) * 12)
            if world.held:
                position, visitor = rng.choice(sorted(world.held))  # of leases that run, have ended or were given back
                act = rng.choice([world.renew, world.renew, world.release])
                act(rng.randrange(4), position, visitor)
            while world.talks and rng.random() < 0.8:
                world.step(rng.randrange(99))
                most = max(most, world.held_by_address().total())
                assert most <= LEAST_NUMBERS
        assert most == LEAST_NUMBERS
        assert len({grant.visitor for grant in world.grants}) > 2 * LEAST_NUMBERS
