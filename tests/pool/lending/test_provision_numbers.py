"""Importing numbers and taking them in and out of use, on tables in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.pool.lending import provision_numbers, slots
from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.provision_numbers import import_numbers, place_numbers, set_state
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Campaign, NumberKind, NumberState, TrackingNumber
from chalicelib.runtime import aws as clients
from tests.pool.shop import NOW, POOL, number, open_shop, replace, stock, visit


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()


def lendable() -> list[str]:
    """The numbers of p1 that storage would lend: open slots that the registry shows."""
    snapshot.forget()
    found = snapshot.site_by_key("sk1", NOW)
    assert found is not None
    groups = PoolTable("p1").read(range(20))
    return [
        number
        for group, numbers in enumerate(found.slots["p1"])
        for slot, number in enumerate(numbers)
        if number and not groups[group].slots[slot].retired
    ]


def rows(*cells: dict[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    return enumerate(cells, start=2)


def test_numbers_fill_groups_of_twelve_and_later_ones_the_empty_slots() -> None:
    assert stock(14) == {"rows": 14, "landed": 14, "unchanged": 0, "rejected": []}
    stock(3, first=100)
    places = {found.number: (found.group, found.slot) for found in store.numbers_of("s1") if found.group is not None}
    assert places[number(12)] == (0, 11)
    assert places[number(13)] == (1, 0)
    assert [places[number(100 + extra)] for extra in range(3)] == [(1, 2), (1, 3), (1, 4)]
    assert len(lendable()) == 17


def test_the_same_import_again_changes_nothing() -> None:
    stock(14)
    visit("v1")
    before = PoolTable("p1").read(range(2))
    assert stock(14) == {"rows": 14, "landed": 0, "unchanged": 14, "rejected": []}
    assert PoolTable("p1").read(range(2)) == before


def test_an_import_never_touches_a_live_lease() -> None:
    stock(2)
    held = visit("v1")
    stock(5, first=50)
    assert visit("v1", at=60, lease=held["lease"])["number"] == held["number"]


def test_bad_rows_are_named_by_line_and_good_ones_land() -> None:
    store.create_campaign(Campaign("c1", "s1", "Radio"))
    report = import_numbers(
        "s1",
        rows(
            {"number": "8 495 222-00-01", "pool_id": "p1", "label": "first"},
            {"number": "what?", "pool_id": "p1"},
            {"number": "", "pool_id": "p1"},
            {"number": number(2)},
            {"number": number(2), "pool_id": "nobody's"},
            {"number": number(3), "kind": "magic", "pool_id": "p1"},
            {"number": "+74952220001", "pool_id": "p1"},
            {"number": number(4), "kind": "static", "campaign_id": "c1", "target_number": "+74950000000"},
            {"number": number(5), "kind": "static", "campaign_id": "c2"},
            {"number": number(6), "kind": "overflow", "pool_id": "p1"},
            {"number": "+74950000000", "pool_id": "p1", "target_number": "+74950000000"},
            {"number": "+74951110000", "pool_id": "p1"},
        ),
        NOW,
    )
    assert (report["rows"], report["landed"], report["unchanged"]) == (12, 2, 0)
    assert [(rejection["line"], rejection["field"]) for rejection in report["rejected"]] == [
        (3, "number"),
        (4, "number"),
        (5, "pool_id"),
        (6, "pool_id"),
        (7, "kind"),
        (8, "number"),
        (10, "campaign_id"),
        (11, "number"),
        (12, "target_number"),
        (13, "number"),
    ]
    static = store.number_of_site("s1", number(4))
    assert static is not None
    assert (static.kind, static.campaign_id) == (NumberKind.STATIC, "c1")
    assert lendable() == [number(1)]


def test_an_overflow_number_becomes_its_pools() -> None:
    store.create_pool(replace(POOL, pool_id="p2", overflow_number=None))
    report = import_numbers("s1", rows({"number": number(9), "kind": "overflow", "pool_id": "p2"}), NOW)
    assert report["landed"] == 1
    found = store.pool("s1", "p2")
    assert found is not None
    assert found.overflow_number == number(9)


def test_a_crash_before_the_registry_knew_is_completed_by_the_same_import() -> None:
    table = PoolTable("p1")
    assert slots.claim(table, 0, {0: number(1), 1: number(2)}, new=True)
    stock(1, first=77)
    stock(2)
    places = {found.number: (found.group, found.slot) for found in store.numbers_of("s1") if found.group is not None}
    assert places == {number(1): (0, 0), number(2): (0, 1), number(77): (0, 2)}
    assert sorted(lendable()) == [number(1), number(2), number(77)]


def test_a_crash_before_the_slots_were_opened_is_completed_by_the_same_import() -> None:
    slots.claim(PoolTable("p1"), 0, {0: number(1)}, new=True)
    placed = TrackingNumber(number(1), "s1", NumberKind.DYNAMIC, pool_id="p1", group=0, slot=0)
    store.put_numbers("s1", [placed])
    assert lendable() == []
    assert visit("v1")["kind"] == "overflow"
    stock(1)
    assert lendable() == [number(1)]


def test_two_imports_at_once_never_share_a_slot() -> None:
    table = PoolTable("p1")
    assert slots.claim(table, 0, {0: number(1)}, new=True)
    assert not slots.claim(table, 0, {0: number(2)}, new=True), "the group is there by now"
    assert not slots.claim(table, 0, {0: number(2)}, new=False), "the slot is kept for another number"
    assert slots.claim(table, 0, {0: number(1), 1: number(2)}, new=False)


def test_placing_a_number_of_another_site_is_a_conflict() -> None:
    stock(1)
    report = import_numbers("s1", rows({"number": number(1), "kind": "static"}), NOW)
    assert report["rejected"] == [{"line": 2, "field": "number", "reason": "belongs to another place"}]


def test_an_unknown_site_is_an_error() -> None:
    with pytest.raises(NotFound):
        import_numbers("nobody", [], NOW)


@pytest.mark.parametrize("state", [NumberState.DRAINING, NumberState.QUARANTINE])
def test_a_live_lease_outlives_draining_and_the_slot_is_closed_when_it_has_ended(state: NumberState) -> None:
    stock(1)
    held = visit("v1")
    set_state("s1", number(1), state, NOW + timedelta(seconds=10))
    snapshot.forget()
    assert visit("v1", at=60, lease=held["lease"])["number"] == number(1)
    set_state("s1", number(1), state, NOW + timedelta(hours=1))
    assert PoolTable("p1").read([0])[0].slots[0].kept_for == number(1)


def test_an_archived_number_leaves_its_visitor_at_once_and_its_history_stays() -> None:
    stock(1)
    held = visit("v1")
    owner = set_state("s1", number(1), NumberState.ARCHIVED, NOW + timedelta(seconds=60))
    snapshot.forget()
    assert visit("v1", at=70, lease=held["lease"])["kind"] == "overflow"
    assert holder_at(owner, NOW + timedelta(seconds=30), 1800, NOW).certainty == "live"
    assert stock(1, first=5)["landed"] == 1
    assert [(found.group, found.slot) for found in store.numbers_of("s1") if found.number == number(5)] == [(0, 1)]


def test_a_number_back_from_quarantine_is_lent_again() -> None:
    stock(1)
    set_state("s1", number(1), NumberState.QUARANTINE, NOW)
    snapshot.forget()
    assert visit("v1")["kind"] == "overflow"
    set_state("s1", number(1), NumberState.ACTIVE, NOW)
    snapshot.forget()
    assert visit("v1", at=5)["number"] == number(1)


def test_state_changes_may_be_repeated() -> None:
    stock(1)
    for state in (NumberState.ARCHIVED, NumberState.ARCHIVED, NumberState.ACTIVE, NumberState.ACTIVE):
        set_state("s1", number(1), state, NOW)
    assert lendable() == [number(1)]


def test_a_static_number_has_no_slot_to_close() -> None:
    import_numbers("s1", rows({"number": number(1), "kind": "static"}), NOW)
    assert set_state("s1", number(1), NumberState.ARCHIVED, NOW).state is NumberState.ARCHIVED


def test_a_large_import_reads_all_groups_and_writes_two_items_a_group() -> None:
    numbers = [TrackingNumber(number(each), "s1", NumberKind.DYNAMIC, pool_id="p1") for each in range(120)]
    placed = place_numbers("s1", numbers, NOW)
    assert {found.group for found in placed} == set(range(10))
    assert len(lendable()) == 120
    stored = clients.dynamodb().scan(TableName="test-PoolsTable", Select="COUNT")
    assert stored["Count"] == 10
    assert provision_numbers.place_numbers("s1", numbers, NOW) == placed
