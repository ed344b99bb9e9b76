"""Counting what is lent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.pool import census
from chalicelib.pool.census_table import OverflowTally
from tests.pool.shop import NOW, POOL, open_shop, replace, stock, visit


def test_live_leases_and_overflows_of_a_pool_are_counted_by_minute(aws: Any) -> None:
    open_shop(POOL, replace(POOL, pool_id="p2", overflow_number=None, order=200))
    stock(14)
    for place in range(13):
        visit(f"v{place}", at=place)
    assert census.count(NOW + timedelta(seconds=59)) == {"pools": 2, "live": 13}
    assert census.latest("p1", NOW + timedelta(minutes=3)) == {
        "at": "2026-11-02T09:00:00Z",
        "live": 13,
        "numbers": 14,
        "overflow": 0,
    }
    assert census.latest("p2", NOW + timedelta(minutes=3)) is not None
    assert census.count(NOW + timedelta(hours=1))["live"] == 0


def test_visitors_for_whom_no_number_was_free_are_counted(aws: Any) -> None:
    open_shop()
    stock(1)
    for place in range(4):
        visit(f"v{place}", at=2 * place)
    census.count(NOW + timedelta(seconds=30))
    found = census.latest("p1", NOW + timedelta(minutes=1))
    assert found is not None
    assert (found["live"], found["overflow"]) == (1, 3)


def test_before_the_first_count_there_is_none(aws: Any) -> None:
    open_shop()
    assert census.latest("p1", NOW) is None


def test_a_storm_of_overflows_is_written_once_a_second(aws: Any) -> None:
    open_shop()
    tally = OverflowTally()
    for hundredth in range(250):
        now = NOW + timedelta(seconds=hundredth / 100)
        tally.add("p1", now)
        tally.flush(now)
    census.count(NOW)
    assert (census.latest("p1", NOW) or {})["overflow"] == 201
    tally.flush(NOW + timedelta(seconds=9))
    assert (census.latest("p1", NOW) or {})["overflow"] == 250
