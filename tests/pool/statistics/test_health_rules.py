"""What minutes say of a pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.statistics.health_rules import Health, Money, calls_of_a_lent_number, health
from chalicelib.pool.statistics.sizing import Prices, erlang_b

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
UTC_ZONE, ONE_PERCENT = ZoneInfo("UTC"), Decimal("0.01")
PRICES = Money(Prices(Decimal(150), Decimal("2.5"), Decimal(1000)), Decimal(400))
HALF = Decimal(50)


def steady(days: float = 7, per_minute: int = 1, live: int = 5, **more: int) -> list[Minute]:
    """So many leases begin each minute and so many numbers of ten are lent."""
    return [
        Minute(MONDAY + timedelta(minutes=place), live, 10, per_minute, **more) for place in range(round(1440 * days))
    ]


def judged(minutes: list[Minute], money: Money | None = None, zone: ZoneInfo = UTC_ZONE) -> Health:
    return health(minutes, zone, ONE_PERCENT, money)


def test_the_mean_reservation_follows_from_live_leases_and_arrivals() -> None:
    found = judged(steady(per_minute=2, live=5))
    assert found.reservation_seconds == 150  # Little's law: 5 = 2 a minute × 2.5 minutes
    assert (found.use.mean_live, found.use.mean_percent, found.use.peak_percent) == (Decimal(5), HALF, HALF)
    assert (found.days_counted, found.visits_per_day, found.numbers) == (Decimal(7), Decimal(2880), 10)


def test_accuracy_is_given_of_visitors_and_of_calls() -> None:
    found = judged([*steady(), Minute(MONDAY + timedelta(days=8), overflow=1120, calls=50, overflow_calls=5)])
    assert found.visitor_accuracy_percent == Decimal("90.00")
    assert found.call_accuracy_percent == Decimal("90.00")
    assert judged(steady()).call_accuracy_percent is None


def test_the_numbers_needed_are_those_of_the_three_rules() -> None:
    minutes = steady(per_minute=1, live=5)
    minutes[100] = minutes[100]._replace(live=9)
    found = judged(minutes)
    assert found.needed is not None
    assert found.needed.by_visits == 16  # 1,440 / 100 + 1, rounded up
    assert found.needed.by_peak == 11  # 9 + 20 %, rounded up
    assert found.needed.by_erlang is not None
    erlangs = float(5 * 10080 + 4) / 10080
    assert erlang_b(erlangs, found.needed.by_erlang) <= 0.01 < erlang_b(erlangs, found.needed.by_erlang - 1)


def test_one_number_more_or_less_is_given_in_overflow_and_in_money() -> None:
    sizes = judged(steady(), PRICES).sizes
    assert sizes is not None and sizes.fewer is not None
    assert [size.numbers for size in (sizes.fewer, sizes.present, sizes.more)] == [9, 10, 11]
    assert sizes.fewer.overflow_percent > sizes.present.overflow_percent > sizes.more.overflow_percent > 0
    assert sizes.present.overflow_percent == Decimal(repr(erlang_b(5, 10) * 100)).quantize(Decimal("0.01"))
    assert (sizes.present.monthly_cost, sizes.more.monthly_cost) == (Decimal(3500), Decimal(3650))
    assert judged(steady()).sizes.present.monthly_cost is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("minutes", "why"),
    [
        ([], "Fewer than 3 days were counted."),
        (steady(days=2.9), "Fewer than 3 days were counted."),
        (steady(days=7, per_minute=0, live=0), "Fewer than 50 leases were counted."),
    ],
)
def test_with_too_little_data_nothing_is_guessed(minutes: list[Minute], why: str) -> None:
    found = judged(minutes)
    assert (found.too_little_data, found.needed, found.sizes) == (why, None, None)


def test_arrivals_are_given_by_the_hour_of_the_sites_zone() -> None:
    busy = [each._replace(leases=3 if each.at.hour == 6 else 0) for each in steady()]
    found = judged(busy, zone=ZoneInfo("Europe/Moscow"))
    assert found.arrivals_per_hour == (Decimal(0),) * 9 + (Decimal(180),) + (Decimal(0),) * 14
    half_hour = judged(busy, zone=ZoneInfo("Asia/Kolkata"))
    assert half_hour.arrivals_per_hour[11] == half_hour.arrivals_per_hour[12] == 90


def test_idle_days_do_not_thin_out_busy_ones() -> None:
    office = [each._replace(leases=7 if each.at.weekday() < 1 else 0, live=5) for each in steady()]
    one_day = judged(office).needed
    spread = judged(steady()).needed
    assert one_day is not None and spread is not None
    assert (one_day.by_erlang or 0) > (spread.by_erlang or 0)


def test_a_lent_number_gets_the_pools_calls_but_those_to_the_overflow_number() -> None:
    minutes = [*steady(days=2), Minute(MONDAY + timedelta(days=3), calls=50, overflow_calls=10)]
    assert calls_of_a_lent_number(minutes) == 2  # forty calls to ten numbers in two days
    assert calls_of_a_lent_number([]) == 0
