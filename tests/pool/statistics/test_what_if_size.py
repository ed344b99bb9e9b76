"""What another hold or another number of numbers would have done, against the formula by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.statistics.sizing import erlang_b
from chalicelib.pool.statistics.what_if_size import other_size

BEGUN = datetime(2026, 11, 2, 9, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def hour(leases: int = 1, live: int = 5, numbers: int = 5, overflow_calls: int = 0, stay: int = 0) -> list[Minute]:
    """Sixty like minutes: a lease a minute that holds its number for five."""
    return [
        Minute(
            BEGUN + timedelta(minutes=minute), live, numbers, leases, 0, 0, 0, overflow_calls, 1 if stay else 0, stay
        )
        for minute in range(60)
    ]


def percent(value: float) -> Decimal:
    return Decimal(repr(round(value * 100, 2)))


def test_more_numbers_mean_less_overflow_by_erlangs_formula() -> None:
    found = other_size(hour(overflow_calls=1), UTC_ZONE, 300, numbers=10)
    assert found is not None
    assert (found.numbers, found.other_numbers, found.reservation_seconds) == (5, 10, Decimal(300))
    assert found.overflow_percent == pytest.approx(percent(erlang_b(5, 5)), abs=Decimal("0.01"))
    assert found.other_overflow_percent == pytest.approx(percent(erlang_b(5, 10)), abs=Decimal("0.01"))
    expected = 60 * erlang_b(5, 10) / erlang_b(5, 5)
    assert found.overflow_calls == 60
    assert float(found.other_overflow_calls) == pytest.approx(expected, abs=0.06)


def test_a_hold_stretches_the_tail_of_a_lease_and_not_the_stay() -> None:
    found = other_size(hour(stay=120), UTC_ZONE, 300, hold=600)
    assert found is not None
    # five minutes held: two of a stay, three of a tail, which twice the hold makes six
    assert (found.reservation_seconds, found.other_reservation_seconds) == (Decimal(300), Decimal(480))
    assert found.other_overflow_percent > found.overflow_percent


def test_nothing_otherwise_is_the_same() -> None:
    found = other_size(hour(overflow_calls=1), UTC_ZONE, 300)
    assert found is not None
    assert found.other_overflow_percent == found.overflow_percent
    assert found.other_overflow_calls == found.overflow_calls


def test_without_a_count_there_is_no_answer() -> None:
    assert other_size([], UTC_ZONE, 300, numbers=9) is None
    assert other_size([Minute(BEGUN, 0, 5)], UTC_ZONE, 300, numbers=9) is None
