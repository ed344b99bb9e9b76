"""How many numbers a pool needs, how accurate it is with them, and what they cost. Pure.

Lending is Erlang's loss system: visitors arrive at random, each keeps a number for a while, and one who finds none is
shown the overflow number. Its formula depends on the mean reservation only, not on how reservations are distributed.
A reservation is the time a number is kept from others: from the lease's beginning to its end, which lies after the
visit's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import islice

VISITS_PER_NUMBER = 100  # a day
HEADROOM = Decimal("1.2")
MOST_NUMBERS = 10_000
HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Prices:
    """What a month costs, in one currency: a number, a minute of calls, the service."""

    number: Decimal
    minute: Decimal
    service: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A pool size: the share of visitors who get a number of their own, and the month's price."""

    numbers: int
    accuracy: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Marginal:
    """A pool as it is, and with one number less (None for the last one) and one more."""

    fewer: Step | None
    present: Step
    more: Step


def erlang_b(erlangs: float, numbers: int) -> float:
    """Return the share of arrivals that find all numbers lent: B(k) = aB(k−1) / (k + aB(k−1)), B(0) = 1.

    `erlangs` a = arrivals per minute × mean reservation in minutes. Raises ValueError for negative arguments.
    """
    if erlangs < 0 or numbers < 0:
        raise ValueError("erlangs and numbers cannot be negative")
    return next(islice(_overflow_by_size(erlangs), numbers, None))


def accuracy(hourly_visits: Sequence[float], reservation_seconds: float, numbers: int) -> float:
    """Return the share of a day's visitors who get a number of their own: 1 − Σ λ(t)·B(n, a(t)) / Σ λ(t).

    `hourly_visits`: arrivals in each hour. Poisson arrivals see time averages, so each hour weighs by its arrivals.
    1.0 where there are no visits.
    """
    visits = sum(hourly_visits)
    lost = sum(hour * erlang_b(_erlangs(hour, reservation_seconds), numbers) for hour in hourly_visits)
    return 1 - lost / visits if visits else 1.0


def numbers_for(hourly_visits: Sequence[float], reservation_seconds: float, overflow: float) -> int:
    """Return the fewest numbers with which at most this share of visitors (0 to 1) sees the overflow number.

    Raises ValueError for a share outside (0, 1), and where not even MOST_NUMBERS suffice.
    """
    if not 0 < overflow < 1:
        raise ValueError("the overflow must lie between 0 and 1")
    visits = sum(hourly_visits)
    by_hour = [(hour, _overflow_by_size(_erlangs(hour, reservation_seconds))) for hour in hourly_visits if hour]
    for numbers in range(MOST_NUMBERS + 1):
        if sum(hour * next(shares) for hour, shares in by_hour) <= overflow * visits:
            return numbers
    raise ValueError(f"more than {MOST_NUMBERS} numbers would be needed")


def numbers_by_visits(visits_per_day: Decimal | int) -> int:
    """Return the first guess, before anything is measured: visits per day / 100 + 1, rounded up."""
    return _rounded_up(_by_visits(visits_per_day))


def numbers_by_peak(concurrent: Decimal | int) -> int:
    """Return the most leases at once (they outlast visits) and 20 % more, rounded up."""
    return _rounded_up(concurrent * HEADROOM)


def hold_for(time_on_site_seconds: Decimal | int) -> int:
    """Return the hold in seconds: average time on site and 20 % more, rounded up."""
    return _rounded_up(time_on_site_seconds * HEADROOM)


def monthly_cost(numbers: Decimal | int, minutes: Decimal | int, prices: Prices) -> Decimal:
    """Return numbers × number price + minutes × minute price + service price."""
    return numbers * prices.number + minutes * prices.minute + prices.service


def estimated_cost(visits_per_day: Decimal | int, minutes: Decimal | int, prices: Prices) -> Decimal:
    """Return a month's cost before anything is measured: (visits per day / 100 + 1) × number price + minutes + service.

    As in the formula, the numbers are not rounded up.
    """
    return monthly_cost(_by_visits(visits_per_day), minutes, prices)


def marginal(
    hourly_visits: Sequence[float], reservation_seconds: float, numbers: int, minutes: Decimal | int, prices: Prices
) -> Marginal:
    """Return what one number less or more would change."""

    def step(size: int) -> Step:
        return Step(size, accuracy(hourly_visits, reservation_seconds, size), monthly_cost(size, minutes, prices))

    return Marginal(step(numbers - 1) if numbers else None, step(numbers), step(numbers + 1))


def _overflow_by_size(erlangs: float) -> Iterator[float]:
    """Yield B(0), B(1), B(2) … without end."""
    share, size = 1.0, 0
    while True:
        yield share
        size += 1
        share = erlangs * share / (size + erlangs * share)


def _erlangs(visits_per_hour: float, reservation_seconds: float) -> float:
    return visits_per_hour / HOUR_SECONDS * reservation_seconds


def _by_visits(visits_per_day: Decimal | int) -> Decimal:
    return Decimal(visits_per_day) / VISITS_PER_NUMBER + 1


def _rounded_up(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))
