"""What a pool would have done with another hold or another number of numbers, by the formula it is sized by. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.core.money import round_half_up
from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.statistics.health_rules import Arrivals
from chalicelib.pool.statistics.sizing import accuracy
from chalicelib.pool.statistics.stays import time_on_site

SECONDS = 60


@dataclass(frozen=True, slots=True)
class OtherSize:
    """A pool over a period as it was, and as it would have been. Shares are of visits, in percent."""

    numbers: int
    other_numbers: int
    reservation_seconds: Decimal
    other_reservation_seconds: Decimal
    overflow_percent: Decimal  # by the formula, of the pool as it was
    other_overflow_percent: Decimal
    overflow_calls: int  # counted
    other_overflow_calls: Decimal  # expected


def other_size(
    minutes: Iterable[Minute], zone: ZoneInfo, hold_seconds: int, *, hold: int | None = None, numbers: int | None = None
) -> OtherSize | None:
    """Compute the pool of these minutes, whose hold was `hold_seconds`, with another hold or number of numbers.

    Visits come as they were counted, hour by hour of the week (Erlang B). A lease holds its number while its visitor
    stays and then till its end: another hold makes that tail proportionally longer or shorter. Where most browsers give
    numbers back the tail is short with any hold, so the computed change is the most there can be. Calls to the overflow
    number are expected to change as the share of visits that are shown it. None where nothing was counted.
    """
    counted = [row for row in minutes if row.live is not None]
    leases = sum(row.leases for row in counted)
    if not counted or not leases:
        return None
    hours = Arrivals(counted, zone).by_week
    reservation = sum(row.live or 0 for row in counted) * SECONDS / leases
    present = counted[-1].numbers
    other = _other_reservation(counted, reservation, hold_seconds, hold or hold_seconds)
    size = present if numbers is None else numbers
    was, would = 1 - accuracy(hours, reservation, present), 1 - accuracy(hours, other, size)
    calls = sum(row.overflow_calls for row in counted)
    expected = Decimal(calls) * Decimal(repr(would)) / Decimal(repr(was)) if was else Decimal(calls)
    return OtherSize(
        present,
        size,
        round_half_up(Decimal(repr(reservation)), 0),
        round_half_up(Decimal(repr(other)), 0),
        round_half_up(Decimal(repr(was * 100)), 2),
        round_half_up(Decimal(repr(would * 100)), 2),
        calls,
        round_half_up(expected, 1),
    )


def _other_reservation(counted: Iterable[Minute], reservation: float, hold: int, other: int) -> float:
    tail = max(reservation - (time_on_site(counted) or 0.0), 0.0)
    return reservation - tail + tail * other / hold
