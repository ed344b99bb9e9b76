"""A pool learns its callers' delays from its own table, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.pool.lending import census_table
from chalicelib.pool.lending.count_groups import Counted as Census
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.delay_profile import LIVE_BINS, PRIOR
from chalicelib.pool.statistics.learn_delays import learn_delays
from chalicelib.pool.statistics.maintenance import look_after
from chalicelib.pool.statistics.redial_rates import NotedCall, Sight
from tests.pool.shop import NOW, POOL, SITE, open_shop

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GRACE = SITE.call_grace_seconds


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()


def yesterday(leases: int = 2000, live: int = 5, numbers: int = 10) -> None:
    """What the census counted in one minute of yesterday."""
    census_table.put_count("p1", NOW - DAY + HOUR, Census(live, numbers, leases, leases, 0))


def calls(count: int, *bins: int, name: str = "c") -> None:
    for place in range(count):
        delays_table.put_call("p1", f"{name}{place}", NOW - DAY + HOUR, NotedCall(bins))


def test_a_pool_without_a_counted_day_has_the_prior() -> None:
    calls(50, LIVE_BINS - 1)
    assert learn_delays(POOL, GRACE, NOW).version == PRIOR
    assert delays_table.profile_of("p1", NOW).background == 0


def test_what_was_learned_is_in_force_from_then_on() -> None:
    yesterday()
    calls(100, LIVE_BINS - 1)
    calls(10, name="kept")
    found = learn_delays(POOL, GRACE, NOW)
    assert found.version == "2026-11-02"
    assert found.turnover == pytest.approx(2000 / 600)
    assert found.background > 0
    assert delays_table.profile_of("p1", NOW) == found


def test_learning_again_makes_no_new_version() -> None:
    yesterday()
    calls(100, LIVE_BINS - 1)
    found = learn_delays(POOL, GRACE, NOW)
    assert learn_delays(POOL, GRACE, NOW + HOUR) == found


def test_a_call_noted_twice_counts_once() -> None:
    yesterday()
    calls(3, LIVE_BINS)
    calls(3, LIVE_BINS)
    learn_delays(POOL, GRACE, NOW)
    counted = delays_table.counted_since("p1", (NOW - 2 * DAY).date())
    assert (counted.calls, counted.leases) == ({Sight((LIVE_BINS,)): 3}, 2000)


def test_calls_of_days_whose_visitors_nobody_counted_do_not_count() -> None:
    yesterday()
    delays_table.put_call("p1", "old", NOW - 5 * DAY, NotedCall((0,)))
    learn_delays(POOL, GRACE, NOW)
    assert delays_table.counted_since("p1", (NOW - 20 * DAY).date()).calls == {}


def test_the_census_sees_to_it_once_a_day() -> None:
    yesterday()
    calls(200, LIVE_BINS - 1)
    look_after("s1", [POOL], NOW, quarantines=False)
    assert delays_table.profile_of("p1", NOW).version == PRIOR
    look_after("s1", [POOL], NOW, quarantines=True)
    assert delays_table.profile_of("p1", NOW).version == "2026-11-02"
