"""Counting, minute by minute, against a plain list of leases: returns, clocks that differ, containers that die."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from chalicelib.pool.lending.address_quota import ON_ITS_WAY
from chalicelib.pool.lending.census_table import SETTLED
from chalicelib.pool.lending.count_groups import Counted, count, needs_history
from chalicelib.pool.lending.lease_group import GUARD, RETIRED, Closed, Group, Slot
from chalicelib.pool.lending.lease_history import key_of
from tests.fakes.lease_table import START, World

HOLD = 60
ANNA, BORIS = b"a" * 12, b"b" * 12
MINUTE = (1000.0, 1060.0)
FREE = Slot(None, 0, 0)


def group(*slots: Slot, closed: Sequence[Closed] = (), last_chunk: int = 0) -> Group:
    """The state of a group whose other numbers were never lent."""
    return Group((*slots, *[FREE] * (12 - len(slots))), tuple(closed), last_chunk)


def counted(*states: Group) -> Counted:
    """One group, by its states, newest first."""
    return count([states], MINUTE, 360)


@dataclass
class Site:
    """A pool in which anything happens, and each minute is counted when it is settled."""

    seed: int

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        skews = tuple(self.rng.uniform(-GUARD / 2, GUARD / 2) for _ in range(4))
        groups, slots = self.rng.choice([(1, 3), (1, 12), (2, 12)])
        self.world = World(groups, slots, skews, GUARD, hold=HOLD, seed=self.seed)
        self.visitors = [self.rng.randbytes(12) for _ in range(self.rng.choice([10, 40]))]
        self.closed: dict[tuple[int, int], int] = {}

    def minutes(self, many: int) -> Iterator[tuple[tuple[int, int], Counted]]:
        """Each minute and what was counted of it."""
        begin = int(START)
        for _ in range(many):
            while self.world.now < begin + 60 + SETTLED.total_seconds():
                self._happen()
            yield (begin, begin + 60), self._count(begin)
            begin += 60

    def _happen(self) -> None:
        world, rng = self.world, self.rng
        container = rng.randrange(4)
        what = rng.choices(["come", "renew", "leave", "step", "time", "drain", "open"], [12, 6, 4, 30, 12, 0.2, 0.4])[0]
        if what == "come":
            world.ask(container, rng.choice(self.visitors))
        elif what == "renew" and world.held:  # of a page that is open still, or of one that was left long ago
            world.renew(container, *rng.choice(list(world.held)))
        elif what == "leave" and world.held:
            world.release(container, *rng.choice(list(world.held)))
        elif what == "step" and world.talks:
            world.step(rng.randrange(99), fate=rng.choices(["answered", "repeated", "crashed"], [20, 2, 1])[0])
        elif what == "time":
            world.now += rng.choice([0.2, 2.0, 8.0])
        elif what == "drain":
            self._close(rng.randrange(world.groups), rng.randrange(world.slots))
        elif what == "open" and self.closed:
            self._open(rng.choice(sorted(self.closed)))

    def _close(self, of: int, place: int) -> None:
        """A number is archived: its slot is lent no more, and its lease runs out in the history."""
        current = self.world.table.groups[of]
        old = current.slots[place]
        if not old.retired:
            closed = Closed(place, old.visitor, old.leased, old.until)
            slot = Slot(None, old.until, RETIRED, "+70000000000")
            self._write(of, place, slot, (*current.closed, closed))
            self.closed[of, place] = old.until

    def _open(self, position: tuple[int, int]) -> None:
        last_end = self.closed.pop(position)
        self._write(*position, Slot(None, last_end, last_end), self.world.table.groups[position[0]].closed)

    def _write(self, of: int, place: int, slot: Slot, closed: tuple[Closed, ...]) -> None:
        groups = self.world.table.groups
        slots = (*groups[of].slots[:place], slot, *groups[of].slots[place + 1 :])
        groups[of] = groups[of]._replace(slots=slots, closed=closed)

    def _count(self, begin: int) -> Counted:
        table = self.world.table
        states = [
            table.history(of, key_of(begin)) if needs_history(current, begin) else (current,)
            for of, current in table.groups.items()
        ]
        return count(states, (begin, begin + 60), HOLD)


@pytest.mark.parametrize("seed", range(10))
def test_every_minute_is_counted_as_a_plain_list_of_the_leases_has_it(seed: int) -> None:
    site = Site(seed)
    found = list(site.minutes(60))
    leases = [(grant.leased, grant.until) for grant in site.world.grants]
    for (begin, end), counted in found:
        assert counted.leases == sum(begin <= leased < end for leased, _ in leases)
        assert counted.ended == sum(begin <= until < end for _, until in leases)
        assert counted.live == sum(leased < end <= until for leased, until in leases)
    assert sum(counted.leases for _, counted in found) > 25
    assert any(current.last_chunk for current in site.world.table.groups.values())


def test_a_minute_is_settled_when_nothing_that_belongs_to_it_can_be_on_its_way() -> None:
    assert SETTLED.total_seconds() > ON_ITS_WAY + GUARD


def test_a_visitor_who_returns_has_two_leases_and_was_away_in_between() -> None:
    current = group(Slot(ANNA, 1040, 1400), closed=[Closed(0, ANNA, 500, 1010)])
    assert counted(current) == Counted(live=1, numbers=12, leases=1, ended=1, stay=420)


def test_a_lease_that_went_to_the_history_between_two_counts_is_counted() -> None:
    chunk = group(Slot(BORIS, 1030, 1390), closed=[Closed(0, ANNA, 500, 1010)])
    current = group(Slot(BORIS, 1030, 1390), last_chunk=1_030_000)
    assert needs_history(current, MINUTE[0])
    assert (counted(current).ended, counted(current, chunk).ended) == (0, 1)


def test_the_history_is_not_asked_where_all_that_it_has_ended_before() -> None:
    assert not needs_history(group(last_chunk=997_000), MINUTE[0])


def test_a_lease_in_the_ring_and_in_a_copy_of_it_is_one_lease() -> None:
    closed = [Closed(0, ANNA, 1005, 1010)]
    copied, current = group(Slot(BORIS, 1030, 1390), closed=closed), group(Slot(BORIS, 1030, 1420), closed=closed)
    assert counted(current, copied) == counted(current)
    assert (counted(current).leases, counted(current).live) == (2, 1)


def test_a_number_that_is_drained_is_lent_until_its_lease_ends_and_there_until_its_slot_is_closed() -> None:
    draining = group(Slot(ANNA, 900, 1200))
    closed = group(Slot(None, 1200, RETIRED, "+7"), closed=[Closed(0, ANNA, 900, 1200)])
    assert (counted(draining).live, counted(draining).numbers) == (1, 12)
    assert (counted(closed).live, counted(closed).numbers) == (1, 11)


def test_a_lease_that_ends_with_the_minute_runs_still() -> None:
    assert (counted(group(Slot(ANNA, 900, 1060))).live, counted(group(Slot(ANNA, 900, 1060))).ended) == (1, 0)
    assert (counted(group(Slot(ANNA, 900, 1059))).live, counted(group(Slot(ANNA, 900, 1059))).ended) == (0, 1)
