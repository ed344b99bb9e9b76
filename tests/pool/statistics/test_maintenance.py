"""What the census does for each site at its own minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.pool.lending import census_table, slots
from chalicelib.pool.lending.count_groups import Counted
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.provision_numbers import import_numbers, set_state
from chalicelib.pool.statistics import census
from chalicelib.pool.statistics.maintenance import (
    close_slots,
    end_quarantines,
    forget_addresses,
    in_turn,
    learn_hold,
    look_after,
)
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import HoldRule, NumberState
from tests.pool.shop import NOW, POOL, number, open_shop, page, replace, stock, visit
from tests.requests import issue

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LEARNED = replace(POOL, hold=HoldRule.LEARNED, hold_min_seconds=120, hold_max_seconds=900)


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop(LEARNED)
    stock(3)


def stayed(seconds: int, visits: int = 60) -> None:
    """A minute of the last week in which so many visits of this length ended."""
    counted = Counted(live=1, numbers=3, leases=visits, ended=visits, stay=visits * seconds)
    census_table.put_count("p1", NOW - DAY, counted)


def moments() -> Iterator[Any]:
    """Every minute of a day."""
    return (NOW + minute * MINUTE for minute in range(1440))


def state(place: int) -> Any:
    found = store.number_of_site("s1", number(place))
    return found.state if found else None


def retired(place: int) -> bool:
    found = store.number_of_site("s1", number(place))
    assert found is not None and found.group is not None and found.slot is not None
    return PoolTable("p1").read([found.group])[found.group].slots[found.slot].retired


@pytest.mark.parametrize(("stay", "hold"), [(200, 240), (50, 120), (5000, 900), (300, 360), (312, 360)], ids=str)
def test_a_learned_hold_is_the_time_on_site_and_a_fifth_more_within_its_bounds(stay: int, hold: int) -> None:
    stayed(stay)
    learn_hold(LEARNED, NOW)
    found = store.pool("s1", "p1")
    assert found is not None and found.hold_seconds == hold


def test_the_snippet_receives_the_learned_hold() -> None:
    stayed(200)
    learn_hold(LEARNED, NOW)
    snapshot.forget()
    answer = visit("v1")
    assert (answer["expires_in"], answer["renew_in"]) == (240, 180)


def test_a_hold_is_not_learned_from_a_few_visits() -> None:
    stayed(200, visits=49)
    assert learn_hold(LEARNED, NOW) == LEARNED


def test_only_a_pool_that_asks_for_it_learns() -> None:
    stayed(200)
    store.update_pool("s1", "p1", {"hold": HoldRule.FIXED})
    look_after("s1", store.pools_of("s1"), NOW, quarantines=True)
    assert store.pool("s1", "p1").hold_seconds == 360  # type: ignore[union-attr]


@pytest.mark.parametrize("wanted", [NumberState.DRAINING, NumberState.QUARANTINE])
def test_a_slot_is_closed_when_its_last_lease_has_run_out(wanted: NumberState) -> None:
    lent = visit("v1")["number"]
    place = next(place for place in (1, 2, 3) if number(place) == lent)
    set_state("s1", lent, wanted, NOW + timedelta(seconds=1))
    waiting = [each for each in store.numbers_of("s1") if each.number == lent]
    assert close_slots(waiting, NOW + timedelta(seconds=300)) == 0
    assert not retired(place)
    assert close_slots(waiting, NOW + timedelta(seconds=400)) == 1
    assert retired(place)
    assert close_slots(waiting, NOW + timedelta(seconds=500)) == 0


def test_a_quiet_number_comes_back_from_quarantine_and_is_lent_again() -> None:
    for place in (1, 2):
        set_state("s1", number(place), NumberState.QUARANTINE, NOW)
    census_table.add_stray_call(number(2), "generic-1", NOW + 5 * DAY)

    def quarantined() -> list[Any]:
        return [each for each in store.numbers_of("s1") if each.state is NumberState.QUARANTINE]

    assert end_quarantines(quarantined(), NOW + 11 * DAY) == 0
    assert end_quarantines(quarantined(), NOW + 12 * DAY) == 1
    assert (state(1), state(2)) == (NumberState.ACTIVE, NumberState.QUARANTINE)
    assert not retired(1) and retired(2)
    assert end_quarantines(quarantined(), NOW + 18 * DAY) == 0
    assert end_quarantines(quarantined(), NOW + 20 * DAY) == 1  # fourteen days after the call, and none since
    assert state(2) is NumberState.ACTIVE


def test_a_repeated_quarantine_does_not_begin_anew() -> None:
    set_state("s1", number(1), NumberState.QUARANTINE, NOW)
    again = set_state("s1", number(1), NumberState.QUARANTINE, NOW + 5 * DAY)
    assert again.state_since == NOW


def test_a_quarantine_of_unknown_age_is_counted_from_now_on() -> None:
    store.change_number("s1", number(1), {"state": NumberState.QUARANTINE})
    (waiting,) = [each for each in store.numbers_of("s1") if each.state is NumberState.QUARANTINE]
    assert end_quarantines([waiting], NOW) == 0
    assert store.number_of_site("s1", number(1)).state_since == NOW  # type: ignore[union-attr]


def test_only_a_number_that_is_lent_comes_back_from_quarantine_by_itself() -> None:
    import_numbers("s1", [(1, {"number": number(9), "kind": "static"})], NOW)
    set_state("s1", number(9), NumberState.QUARANTINE, NOW)
    set_state("s1", number(1), NumberState.QUARANTINE, NOW)
    look_after("s1", store.pools_of("s1"), NOW + 30 * DAY, quarantines=True)
    assert (state(9), state(1)) == (NumberState.QUARANTINE, NumberState.ACTIVE)


def test_the_hour_closes_the_slot_of_an_archiving_that_crashed_and_frees_it_when_its_history_is_gone() -> None:
    lent = visit("v1")["number"]
    store.change_number("s1", lent, {"state": NumberState.ARCHIVED, "state_since": NOW})
    place = next(place for place in (1, 2, 3) if number(place) == lent)
    look_after("s1", store.pools_of("s1"), NOW + timedelta(seconds=100), quarantines=False)
    assert not retired(place), "its lease runs"
    look_after("s1", store.pools_of("s1"), NOW + timedelta(hours=1), quarantines=False)
    assert retired(place)
    look_after("s1", store.pools_of("s1"), NOW + 92 * DAY, quarantines=False)
    assert store.number_of_site("s1", lent).group is None  # type: ignore[union-attr]
    look_after("s1", store.pools_of("s1"), NOW + 93 * DAY, quarantines=True)


def test_a_number_archived_meanwhile_is_left_alone() -> None:
    set_state("s1", number(1), NumberState.QUARANTINE, NOW)
    waiting = [each for each in store.numbers_of("s1") if each.state is NumberState.QUARANTINE]
    set_state("s1", number(1), NumberState.ARCHIVED, NOW + 12 * DAY)
    assert end_quarantines(waiting, NOW + 12 * DAY) == 0
    assert state(1) is NumberState.ARCHIVED


def test_every_site_has_its_turn_once_an_hour_and_its_quarantines_once_a_day() -> None:
    set_state("s1", number(1), NumberState.QUARANTINE, NOW - 13 * DAY)
    stayed(200)
    pools = store.pools_of("s1")
    learned: list[datetime] = []
    quiet: list[datetime] = []
    for now in moments():
        if not learned or not quiet or now.minute == learned[0].minute:
            in_turn(pools, now)
        if store.pool("s1", "p1") != pools[0]:
            learned.append(now)
            store.update_pool("s1", "p1", {"hold_seconds": 360})
        if state(1) is NumberState.ACTIVE:
            quiet.append(now)
            set_state("s1", number(1), NumberState.QUARANTINE, NOW - 13 * DAY)
    assert len(learned) == 24
    assert len(quiet) == 1


def test_the_census_looks_after_sites() -> None:
    stayed(200)
    for minute in range(60):
        census.count(NOW + minute * MINUTE)
    assert store.pool("s1", "p1").hold_seconds == 240  # type: ignore[union-attr]


def tags() -> list[bytes]:
    """The tags of addresses beside the leases of the pool."""
    return [slot.tag for slot in PoolTable("p1").read([0], consistent=True)[0].slots if slot.tag is not None]


def forget(seconds: float) -> int:
    """Forget the pool's addresses so many seconds after NOW."""
    groups = slots.read_all(PoolTable("p1"), consistent=True)
    return forget_addresses("p1", groups, NOW + timedelta(seconds=seconds))


def test_an_address_is_forgotten_an_hour_after_its_lease_and_one_whose_lease_runs_is_not() -> None:
    for place, at in enumerate((0, 200)):  # the first one runs: the second gets the other number
        asked = page({"url": "https://shop.example/", "visitor_id": f"v{place}"}, NOW + timedelta(seconds=at))
        assert issue(replace(asked, source_ip="93.184.216.34"), "sk1")["kind"] == "dynamic"
    assert len(tags()) == 2
    assert forget(3900) == 0
    assert forget(3700 + 360) == 1
    assert len(tags()) == 1
    assert forget(3 * 3600) == 1
    assert forget(3 * 3600) == 0
    assert tags() == []


def test_a_number_taken_out_of_use_forgets_the_address_it_was_lent_to() -> None:
    asked = replace(page({"url": "https://shop.example/", "visitor_id": "v1"}), source_ip="93.184.216.34")
    lent = issue(asked, "sk1")["number"]
    assert len(tags()) == 1
    set_state("s1", lent, NumberState.ARCHIVED, NOW)
    assert tags() == []
