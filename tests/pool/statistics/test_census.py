"""Counting what is lent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.lending.census_table import SETTLED, OverflowTally, minutes
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.release_number import release
from chalicelib.pool.statistics import census
from chalicelib.runtime.http import Request
from tests.pool.shop import NOW, POOL, open_shop, page, replace, stock, visit

MINUTE = timedelta(minutes=1)


def row(minute: int = 0, pool_id: str = "p1") -> Minute:
    """The census of one minute after NOW."""
    begin = NOW + minute * MINUTE
    (found,) = minutes(pool_id, begin, begin + MINUTE)
    return found


def leave(answer: dict[str, Any], at: float) -> None:
    body = {"visitor_id": answer["visitor_id"], "lease": answer["lease"]}
    request: Request = page(body, NOW + timedelta(seconds=at))
    assert release(request, "sk1") == {"released": True}


def test_a_pool_is_counted_into_the_row_of_the_last_whole_minute(aws: Any) -> None:
    open_shop(POOL, replace(POOL, pool_id="p2", overflow_number=None, order=200))
    stock(14)
    for place in range(13):
        visit(f"v{place}", at=place)
    visit("late", at=61)
    assert census.count(NOW + timedelta(seconds=75)) == {"pools": 2, "live": 13}
    assert census.latest("p1", NOW + timedelta(minutes=3)) == {
        "at": "2026-11-02T09:00:00Z",
        "live": 13,
        "numbers": 14,
        "leases": 13,
        "overflow": 0,
        "calls": 0,
    }
    assert census.latest("p2", NOW + timedelta(minutes=3)) is not None
    assert census.count(NOW + timedelta(hours=1))["live"] == 0


def test_a_minute_is_counted_when_it_is_settled(aws: Any) -> None:
    open_shop()
    stock(1)
    visit("v1", at=59)
    census.count(NOW + timedelta(seconds=74))
    assert not list(minutes("p1", NOW, NOW + MINUTE))
    census.count(NOW + timedelta(seconds=75))
    assert (row().leases, row().live) == (1, 1)


def test_leases_that_went_to_the_history_between_two_counts_are_counted(aws: Any) -> None:
    open_shop(replace(POOL, hold_seconds=30, cooldown_seconds=0))
    stock(12)
    for at in range(0, 60, 2):  # closed leases are archived with the eighteenth that was displaced
        visit(f"v{at}", at=at)
        visit(f"w{at}", at=at + 120)
    assert PoolTable("p1").read([0], consistent=True)[0].last_chunk > 0
    for minute in range(4):
        census.count(NOW + (minute + 1) * MINUTE + SETTLED)
    counted = [row(minute) for minute in range(4)]
    assert [minute.leases + minute.overflow for minute in counted] == [30, 0, 30, 0]
    assert sum(minute.ended for minute in counted) == sum(minute.leases for minute in counted)
    assert counted[3].live == 0


def test_a_visitor_who_comes_back_next_day_was_away_in_between(aws: Any) -> None:
    open_shop()
    stock(1)
    first = visit("v1", at=0)
    leave(first, at=60)
    again = visit("v1", at=86_400, lease=first["lease"])
    leave(again, at=86_460)
    for minute in (2, 1442):
        census.count(NOW + (minute + 1) * MINUTE + SETTLED)
        assert (row(minute).ended, row(minute).stay, row(minute).lapsed) == (1, 60, 0)


def test_each_lease_is_counted_once_whether_it_is_current_or_was_displaced(aws: Any) -> None:
    open_shop(replace(POOL, hold_seconds=30))
    stock(2)
    for at in range(0, 300, 20):
        visit(f"v{at}", at=at)
        if at % 60 == 40:
            for _ in range(2):  # a run that is repeated changes nothing
                census.count(NOW + timedelta(seconds=at + 20) + SETTLED)
    census.count(NOW + 6 * MINUTE + SETTLED)
    counted = [row(minute) for minute in range(6)]
    assert sum(minute.leases for minute in counted) == 15 - sum(minute.overflow for minute in counted)
    assert sum(minute.ended for minute in counted) == sum(minute.leases for minute in counted)


def test_visitors_for_whom_no_number_was_free_are_counted(aws: Any) -> None:
    open_shop()
    stock(1)
    for place in range(4):
        visit(f"v{place}", at=2 * place)
    census.count(NOW + MINUTE + SETTLED)
    found = census.latest("p1", NOW + MINUTE)
    assert found is not None
    assert (found["live"], found["leases"], found["overflow"]) == (1, 1, 3)


def test_the_time_on_site_of_who_left_is_exact(aws: Any) -> None:
    open_shop()
    stock(2)
    first, _ = visit("left", at=0), visit("vanished", at=1)
    leave(first, at=100)  # the lease ends 90 s later
    census.count(NOW + 4 * MINUTE + SETTLED)
    census.count(NOW + 7 * MINUTE + SETTLED)
    assert (row(3).ended, row(3).stay, row(3).lapsed) == (1, 100, 0)
    assert (row(6).ended, row(6).stay, row(6).lapsed) == (1, 0, 1)
    assert row(6).doubt == 300  # they left between their coming and the renewal that was due then


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
    assert row().overflow == 201
    tally.flush(NOW + timedelta(seconds=9))
    assert (row().overflow, row().live) == (250, None)
