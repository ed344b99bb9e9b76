"""Slots kept for numbers that do not come back: freed, at any moment of an import that is running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import botocore.client
import pytest

from chalicelib.pool.lending import slots
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import RETIRED, Slot
from chalicelib.pool.lending.mend_slots import KEPT_SECONDS, Mended, mend_slots
from chalicelib.pool.lending.provision_numbers import FRESH_SECONDS, import_numbers, set_state
from chalicelib.pool.statistics.maintenance import look_after
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber
from tests.pool.shop import NOW, POOL, number, open_shop, replace, stock, visit

DAY = timedelta(days=1)
LEASE_END = timedelta(seconds=360)
N = number(1)


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop(POOL, replace(POOL, pool_id="p2", overflow_number=None))


def slot(place: int = 0, pool_id: str = "p1") -> Slot:
    return PoolTable(pool_id).read([0], consistent=True)[0].slots[place]


def mend(now: datetime = NOW, pool_id: str = "p1") -> Mended:
    """What the hour's maintenance does of it."""
    groups = slots.read_all(PoolTable(pool_id), consistent=True)
    return mend_slots(pool_id, groups, store.numbers_of("s1"), now)


def free(now: datetime = NOW, pool_id: str = "p1") -> int:
    return mend(now, pool_id).freed


def place_in(pool_id: str, *places: int, now: datetime = NOW) -> dict[str, Any]:
    rows = [(place, {"number": number(place), "pool_id": pool_id}) for place in places]
    return import_numbers("s1", rows, now)


def archive(now: datetime) -> None:
    set_state("s1", N, NumberState.ARCHIVED, now)


def test_what_an_import_kept_and_lost_is_free_after_the_next_upkeep() -> None:
    for place in range(1, 21):  # twenty imports into p2 that lose their race once they have kept a slot
        groups = slots.read_all(PoolTable("p2"), consistent=True)
        taken, index = divmod(place - 1, 12)
        assert slots.claim(PoolTable("p2"), taken, {index: number(place)}, new=taken not in groups)
    stock(20)
    assert place_in("p2", 99)["landed"] == 1
    assert store.current_owners([number(99)])[number(99)].slot == 8, "the second group's first empty slot"

    look_after("s1", store.pools_of("s1"), NOW, quarantines=False)

    kept = [
        each.kept_for for state in slots.read_all(PoolTable("p2"), consistent=True).values() for each in state.slots
    ]
    assert kept == [None] * 24
    assert place_in("p2", 100)["landed"] == 1
    assert (
        store.current_owners([number(100)])[number(100)].group,
        store.current_owners([number(100)])[number(100)].slot,
    ) == (0, 0)
    assert len(slots.read_all(PoolTable("p1"), consistent=True)) == 2
    assert free() == 0, "those that won live on"


def test_a_slot_whose_numbers_import_has_not_reached_the_registry_is_left_to_it() -> None:
    slots.claim(PoolTable("p1"), 0, {3: N}, new=True)
    assert free(NOW + 365 * DAY) == 0
    assert stock(1)["landed"] == 1
    assert store.current_owners([N])[N].slot == 3


@pytest.mark.parametrize("moved", [False, True])
def test_a_slot_that_was_lent_keeps_its_number_as_long_as_its_history(*, moved: bool) -> None:
    stock(1)
    assert visit("v1")["number"] == N
    archive(NOW + DAY)
    if moved:
        assert place_in("p2", 1, now=NOW + 2 * DAY)["landed"] == 1
    over = NOW + LEASE_END + timedelta(seconds=KEPT_SECONDS)
    assert over > NOW + 90 * DAY
    assert free(over) == 0
    assert slot().kept_for == N
    assert free(over + timedelta(seconds=1)) == 1
    assert slot() == Slot(None, 0, RETIRED)


def test_a_number_whose_slot_was_freed_comes_back_to_another_one() -> None:
    stock(1)
    visit("v1")
    archive(NOW + DAY)
    assert free(NOW + 200 * DAY) == 1
    assert store.current_owners([N])[N].group is None
    assert place_in("p1", 2)["landed"] == 1
    assert store.current_owners([number(2)])[number(2)].slot == 0

    back = set_state("s1", N, NumberState.ACTIVE, NOW + 201 * DAY)

    assert (back.state, back.group, back.slot) == (NumberState.ACTIVE, 0, 1)
    snapshot.forget()
    found = snapshot.site_by_key("sk1", NOW)
    assert found is not None and found.slots["p1"] == ((number(2), N),)
    assert {visit(f"v{place}", at=300 * 86_400)["number"] for place in range(2)} == {N, number(2)}


@pytest.mark.parametrize("state", [NumberState.DRAINING, NumberState.QUARANTINE])
def test_a_number_out_of_use_keeps_its_slot_for_ever(state: NumberState) -> None:
    stock(1)
    set_state("s1", N, state, NOW)
    assert mend(NOW + 999 * DAY) == (0, 0, 0)
    assert slot().kept_for == N


def test_a_slot_that_was_not_opened_is_opened() -> None:
    stock(1)
    slots.retire(PoolTable("p1"), 0, 0, N, 1e9, at_once=True, guard=2)
    assert mend() == (1, 0, 0)
    assert visit("v1")["number"] == N
    assert mend() == (0, 0, 0)


def test_a_slot_that_was_opened_for_a_number_which_had_moved_is_closed_and_free_when_nobody_can_ask_for_it() -> None:
    stock(1)
    archive(NOW)
    assert place_in("p2", 1)["landed"] == 1
    slots.activate(PoolTable("p1"), 0, {0: N})  # an import that had stopped since before the archiving
    assert mend() == (0, 1, 0)
    assert (slot().retired, slot().empty) == (True, False)
    assert mend() == (0, 0, 1), "it was never lent: there is no history to keep it for"
    assert slot().empty


def test_an_import_that_stopped_while_its_slot_was_freed_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stock(1)
    archive(NOW)
    assert place_in("p2", 1)["landed"] == 1
    archive(NOW)
    slots.activate(PoolTable("p1"), 0, {0: N})  # by another import that had stopped: it is open, and nobody's
    clock, real = [0.0], slots.read_all
    state = real(PoolTable("p1"), consistent=True)[0]
    kept_still = state._replace(slots=(Slot(None, 0, RETIRED, N), *state.slots[1:]))

    def stopped(table: PoolTable, *, consistent: bool) -> Any:
        monkeypatch.setattr(slots, "read_all", real)
        assert (mend(), mend()) == ((0, 1, 0), (0, 0, 1))
        assert place_in("p1", 2)["landed"] == 1
        clock[0] = FRESH_SECONDS + 1
        return {0: kept_still}

    monkeypatch.setattr(slots, "read_all", stopped)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    assert place_in("p1", 1)["landed"] == 1
    placed = store.current_owners([N, number(2)])
    assert [placed[each].slot for each in (N, number(2))] == [1, 0]


def test_a_lease_in_a_slot_that_has_no_number_is_over_before_it_is_closed() -> None:
    stock(1)
    visit("v1")
    groups = slots.read_all(PoolTable("p1"), consistent=True)
    assert mend_slots("p1", groups, [], NOW + LEASE_END) == (0, 0, 0)
    assert mend_slots("p1", groups, [], NOW + 2 * LEASE_END) == (0, 1, 0)
    assert mend(NOW + 3 * LEASE_END) == (1, 0, 0), "its number was there: it is opened again"
    assert visit("v2", at=1200)["number"] == N


def test_a_number_archived_before_anybody_was_lent_it_gives_its_slot_up() -> None:
    stock(1)
    archive(NOW)
    assert free() == 1
    assert slot().empty


# ---- an import and the maintenance, each let in at every request of the other -----------------------------------


@contextmanager
def at_request(place: int, work: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Do `work` just before the request number `place` of what runs inside; the operations that were asked for."""
    asked: list[str] = []
    send = vars(botocore.client.BaseClient)["_make_api_call"]

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        if operation != "Query":  # of lists, which decide nothing
            asked.append(operation)
        if len(asked) == place:
            monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", send)
            work()
        return send(client, operation, arguments)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", counted)
        yield asked


class Race:
    """A pool of its own with a slot that is kept for a number which may lose it: it is archived, there or elsewhere."""

    def __init__(self, run: int, *, archived_there: bool) -> None:
        self.pool_id, self.first = f"q{run}", 10 * run
        self.number = number(self.first)
        store.create_pool(replace(POOL, pool_id=self.pool_id, overflow_number=None))
        assert slots.claim(PoolTable(self.pool_id), 0, {0: self.number}, new=True)
        pool_id = self.pool_id if archived_there else "p2"
        there = TrackingNumber(self.number, "s1", NumberKind.DYNAMIC, pool_id=pool_id, group=0, slot=0)
        store.put_numbers("s1", [replace(there, state=NumberState.ARCHIVED)])

    def bring_in(self) -> Any:
        return place_in(self.pool_id, self.first)

    def free(self) -> Any:
        return free(pool_id=self.pool_id)

    def check(self) -> tuple[int, int]:
        """The number and two new ones have slots of their own, open once the next maintenance is done; the number's."""
        numbers = [number(self.first + more) for more in range(3)]
        assert place_in(self.pool_id, self.first + 1, self.first + 2)["landed"] == 2
        self.free()
        self.free()
        found = store.current_owners(numbers)
        assert [found[each].pool_id for each in numbers] == [self.pool_id] * 3
        positions = {each: (found[each].group or 0, found[each].slot or 0) for each in numbers}
        assert len(set(positions.values())) == 3
        assert not any(slot(index, self.pool_id).retired for _, index in positions.values()), "they are lent"
        kept = [each.kept_for for each in PoolTable(self.pool_id).read([0], consistent=True)[0].slots if each.retired]
        assert set(kept) == {None}, "no slot is lost"
        return positions[self.number]


@pytest.mark.parametrize("archived_there", [True, False])
@pytest.mark.parametrize("maintenance_first", [True, False])
def test_an_import_into_a_slot_and_its_freeing_at_any_moment(
    monkeypatch: pytest.MonkeyPatch, *, maintenance_first: bool, archived_there: bool
) -> None:
    positions = set()
    for place in count(1):
        race = Race(place, archived_there=archived_there)
        outer, inner = (race.free, race.bring_in) if maintenance_first else (race.bring_in, race.free)
        with at_request(place, inner, monkeypatch) as asked:
            outer()
        if len(asked) < place:
            break
        positions.add(race.check())
    assert place > 5
    assert (0, 0) in positions
    assert len(positions) > 1 or not maintenance_first, "sometimes the number finds its slot gone, and gets another"
