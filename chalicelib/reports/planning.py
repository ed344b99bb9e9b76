"""How many numbers a pool needs and what it costs a month: DOMAIN's planning formulas. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

RESERVE = Decimal("1.2")  # "+ 20 %"


def numbers_first_guess(visits_per_day: int) -> int:
    """Visits per day / 100 + 1, rounded up: the rule of thumb before anything is measured."""
    return _up(Decimal(visits_per_day) / 100 + 1)


def numbers_for_peak(peak_visitors: int) -> int:
    """The measured peak of concurrent visitors + 20 %, rounded up."""
    return _up(peak_visitors * RESERVE)


def hold_seconds(average_time_on_site: int) -> int:
    """Average time on site (seconds) + 20 %, rounded up to whole seconds."""
    return _up(average_time_on_site * RESERVE)


def monthly_cost(
    visits_per_day: int, number_price: Decimal, minutes: Decimal, minute_price: Decimal, service_price: Decimal
) -> Decimal:
    """(Visits per day / 100 + 1) × number price + minutes × minute price + service price, all in one currency."""
    return numbers_first_guess(visits_per_day) * number_price + minutes * minute_price + service_price


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))
