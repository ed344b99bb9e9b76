"""What a pool's minutes say of its health, how many numbers it needs, and what one more or less would change. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.core.money import percent, round_half_up
from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.statistics import sizing
from chalicelib.pool.statistics.sizing import Prices
from chalicelib.pool.statistics.stays import time_on_site

LEAST_DAYS, LEAST_LEASES = 3, 50
DAY_MINUTES, HOUR_MINUTES = 1440, 60


class Money(NamedTuple):
    """What numbers are priced by: a month's prices and its minutes of calls."""

    prices: Prices
    minutes: Decimal


@dataclass(frozen=True, slots=True)
class Use:
    """How much of the pool is lent."""

    mean_live: Decimal
    mean_percent: Decimal | None
    peak_live: int
    peak_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Needed:
    """How many numbers the pool needs by each rule, without its overflow number."""

    by_visits: int
    by_peak: int
    by_erlang: int | None  # None: more than the formula is asked for


@dataclass(frozen=True, slots=True)
class Size:
    """A pool of so many numbers: the share of visits that would see the overflow number, and its price a month."""

    numbers: int
    overflow_percent: Decimal
    monthly_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """The pool as it is, with one number less (None where it has none) and with one more."""

    fewer: Size | None
    present: Size
    more: Size


@dataclass(frozen=True, slots=True)
class Health:
    """A pool over a period. Percentages to two digits; None where there is nothing to divide by, or too little data."""

    days_counted: Decimal
    too_little_data: str | None  # why the numbers needed are not given
    numbers: int
    leases: int
    overflow: int  # page views shown the overflow number because no other was free
    refused: int  # page views shown it because their address held its share
    calls: int
    overflow_calls: int
    use: Use
    visits_per_day: Decimal | None
    arrivals_per_hour: tuple[Decimal | None, ...]  # by hour of the day in the site's zone; None: hour never counted
    reservation_seconds: Decimal | None  # mean time a lease keeps its number
    time_on_site_seconds: Decimal | None
    visitor_accuracy_percent: Decimal | None
    call_accuracy_percent: Decimal | None
    needed: Needed | None
    sizes: Sizes | None


def health(minutes: Iterable[Minute], zone: ZoneInfo, overflow: Decimal, money: Money | None) -> Health:
    """Judge the minutes of a period. `overflow` (0 to 1) is the share of visits that may see the overflow number."""
    rows = list(minutes)
    counted = [row for row in rows if row.live is not None]
    total = _total(rows)
    live, lent = sum(row.live or 0 for row in counted), sum(row.leases for row in counted)
    visits = sum(row.leases + row.overflow for row in counted)
    days = Decimal(len(counted)) / DAY_MINUTES
    reservation = Decimal(live * HOUR_MINUTES) / lent if lent else None
    numbers = counted[-1].numbers if counted else 0
    stay = time_on_site(counted)
    thin = _too_little(days, lent)
    per_day = visits / days if days else None
    peak = max((row.live or 0 for row in counted), default=0)
    arrivals = Arrivals(counted, zone)
    needed, sizes = None, None
    if thin is None and per_day is not None and reservation is not None:
        needed = _needed(per_day, peak, arrivals.by_week, reservation, overflow)
        sizes = _sizes(arrivals.by_week, reservation, numbers, money)
    return Health(
        days_counted=round_half_up(days, 2),
        too_little_data=thin,
        numbers=numbers,
        **total,
        use=_use(counted, live, peak),
        visits_per_day=None if per_day is None else round_half_up(per_day, 1),
        arrivals_per_hour=arrivals.by_hour,
        reservation_seconds=None if reservation is None else round_half_up(reservation, 0),
        time_on_site_seconds=None if stay is None else round_half_up(Decimal(repr(stay)), 0),
        visitor_accuracy_percent=percent(total["leases"], total["leases"] + total["overflow"]),
        call_accuracy_percent=percent(total["calls"] - total["overflow_calls"], total["calls"]),
        needed=needed,
        sizes=sizes,
    )


def calls_of_a_lent_number(minutes: Iterable[Minute]) -> float:
    """Return how many calls a day one of the pool's dynamic numbers gets."""
    rows = list(minutes)
    number_days = sum(row.numbers for row in rows if row.live is not None) / DAY_MINUTES
    calls = sum(row.calls - row.overflow_calls for row in rows)
    return calls / number_days if number_days else 0.0


class Arrivals:
    """Visits an hour, lent to or not, by hour of the day and by hour of the week, in the site's zone."""

    def __init__(self, counted: Iterable[Minute], zone: ZoneInfo) -> None:
        self._visits: Counter[tuple[int, int]] = Counter()
        self._minutes: Counter[tuple[int, int]] = Counter()
        hours: dict[datetime, tuple[int, int]] = {}
        for row in counted:
            # Zones are slow to apply, and no zone in use is off by a part of a quarter of an hour.
            quarter = row.at.replace(minute=row.at.minute // 15 * 15)
            if quarter not in hours:
                local = quarter.astimezone(zone)
                hours[quarter] = (local.weekday(), local.hour)
            self._visits[hours[quarter]] += row.leases + row.overflow
            self._minutes[hours[quarter]] += 1

    @property
    def by_week(self) -> list[float]:
        """Return visits of each hour of the week that was counted, so that idle Sundays do not lower the Mondays."""
        return [self._visits[hour] * HOUR_MINUTES / minutes for hour, minutes in sorted(self._minutes.items())]

    @property
    def by_hour(self) -> tuple[Decimal | None, ...]:
        """Return visits of the 24 hours of a day."""
        return tuple(self._of_hour(hour) for hour in range(24))

    def _of_hour(self, hour: int) -> Decimal | None:
        minutes = sum(self._minutes[day, hour] for day in range(7))
        visits = sum(self._visits[day, hour] for day in range(7))
        return round_half_up(Decimal(visits * HOUR_MINUTES) / minutes, 1) if minutes else None


def _total(rows: Sequence[Minute]) -> dict[str, int]:
    names = ("leases", "overflow", "refused", "calls", "overflow_calls")
    return {name: sum(getattr(row, name) for row in rows) for name in names}


def _too_little(days: Decimal, leases: int) -> str | None:
    if days < LEAST_DAYS:
        return f"Fewer than {LEAST_DAYS} days were counted."
    if leases < LEAST_LEASES:
        return f"Fewer than {LEAST_LEASES} leases were counted."
    return None


def _use(counted: Sequence[Minute], live: int, peak: int) -> Use:
    fullest = max((Decimal(row.live or 0) / row.numbers for row in counted if row.numbers), default=None)
    return Use(
        mean_live=round_half_up(Decimal(live) / max(len(counted), 1), 2),
        mean_percent=percent(live, sum(row.numbers for row in counted)),
        peak_live=peak,
        peak_percent=None if fullest is None else percent(fullest, 1),
    )


def _needed(per_day: Decimal, peak: int, hours: Sequence[float], reservation: Decimal, overflow: Decimal) -> Needed:
    try:
        by_erlang: int | None = sizing.numbers_for(hours, float(reservation), float(overflow))
    except ValueError:  # more numbers than any pool has
        by_erlang = None
    visits = int(per_day.to_integral_value(ROUND_CEILING))
    return Needed(sizing.numbers_by_visits(visits), sizing.numbers_by_peak(peak), by_erlang)


def _sizes(hours: Sequence[float], reservation: Decimal, numbers: int, money: Money | None) -> Sizes:
    def size(count: int) -> Size:
        overflow = 1 - Decimal(repr(sizing.accuracy(hours, float(reservation), count)))
        cost = None if money is None else sizing.monthly_cost(count, money.minutes, money.prices)
        return Size(count, round_half_up(overflow * 100, 2), cost)

    return Sizes(size(numbers - 1) if numbers else None, size(numbers), size(numbers + 1))
