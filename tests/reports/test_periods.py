"""Which reports are due."""

from __future__ import annotations

from datetime import UTC, date, datetime

from chalicelib.reports.periods import Period, due_periods, parse_period_name


def test_periods_follow_the_sites_own_day() -> None:
    moment = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)  # Monday the 23rd in Moscow, Sunday the 22nd in London
    moscow, london = due_periods(moment, "Europe/Moscow"), due_periods(moment, "Europe/London")
    assert moscow[:2] == [
        Period(date(2026, 11, 22), date(2026, 11, 22)),
        Period(date(2026, 11, 16), date(2026, 11, 22)),
    ]
    assert london[:2] == [Period(date(2026, 11, 21), date(2026, 11, 21)), Period(date(2026, 11, 9), date(2026, 11, 15))]


def test_the_last_month_and_the_month_so_far_cross_the_year() -> None:
    due = due_periods(datetime(2027, 1, 1, 12, tzinfo=UTC), "UTC")
    assert due[2:] == [Period(date(2026, 12, 1), date(2026, 12, 31)), Period(date(2027, 1, 1), date(2027, 1, 1))]


def test_a_period_reads_back_from_its_name() -> None:
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    assert parse_period_name(period.name) == period
    assert parse_period_name("index.html") is None
    assert parse_period_name("2026-11-01_x") is None
