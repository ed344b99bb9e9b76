"""How long visitors stayed by their ended leases, and the hold learned from it. Pure. All in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.lending.hold_time import renew_in
from chalicelib.pool.lending.rules import RELEASE_GRACE
from chalicelib.pool.statistics import sizing

LEAST_STAYS = 50  # ended leases; with fewer the hold stays as it is
WORTH_CHANGING = 0.05  # of the present hold: smaller changes are not published
LATE = 1  # at most, of a page that renews its lease when that is due
ROUNDED = 2  # a lease's beginning is rounded down and its end up


class Stay(NamedTuple):
    """What an ended lease shows: its visitor stayed `least`, and left before another `doubt` had passed."""

    least: int
    renewals: int = 0  # the last signs of the visitor, where the number was not given back
    doubt: int = 0  # 0: the number was given back, and the stay is known


def stay_of(duration: int, hold: int) -> Stay:
    """Return what a lease of this duration shows of its visitor's stay.

    A lease given back ends RELEASE_GRACE after they left. One that nobody gave back ends a hold after its last renewal,
    and renewals come at regular times: so it lasted a hold and so many of these. Any other duration is that of a lease
    given back.
    """
    every = renew_in(hold)
    renewals, over = divmod(max(duration - hold, 0), every)
    if duration < hold or over > ROUNDED + LATE * renewals:
        return Stay(max(duration - RELEASE_GRACE, 0))
    return Stay(renewals * every, renewals, every)


def time_on_site(minutes: Iterable[Minute]) -> float | None:
    """Return how long the visitors stayed whose leases ended in these minutes, on average; None where none did.

    A visitor who did not give the number back left between two renewals. When, is estimated from how many of them had
    stayed until the next one: as if visitors left at the same rate all the time. Each interval of renewals is estimated
    apart, because it decides how often a visit is seen: a long hold must not confirm itself.
    """
    rows = list(minutes)
    ended = sum(row.ended for row in rows)
    if not ended:
        return None
    intervals: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row.lapsed:
            lapsed, renewals = intervals.get(row.doubt // row.lapsed, (0, 0))
            intervals[row.doubt // row.lapsed] = lapsed + row.lapsed, renewals + row.renewals
    doubtful = sum(every * lapsed * _part(renewals, lapsed) for every, (lapsed, renewals) in intervals.items())
    return (sum(row.stay for row in rows) + doubtful) / ended


def learned_hold(minutes: Iterable[Minute], present: int, least: int, most: int) -> int:
    """Return the hold learned from these minutes: the mean time on site and a fifth more, within the bounds.

    The present one where too few visits ended, or where it would change by little.
    """
    rows = list(minutes)
    stay = time_on_site(rows)
    if stay is None or sum(row.ended for row in rows) < LEAST_STAYS:
        return present
    hold = min(max(sizing.hold_for(Decimal(repr(stay))), least), most)
    return hold if abs(hold - present) > WORTH_CHANGING * present else present


def _part(renewals: int, lapsed: int) -> float:
    """Return the part of an interval between renewals that visitors who left in it stayed on average.

    With stays that end at a constant rate, of mean s intervals, m = 1 / (e^(1/s) − 1) renewals are seen on average; so
    s = 1 / ln(1 + 1/m), of which m are known and the rest is sought. Half a renewal more keeps a few visits sensible.
    """
    seen = (renewals + 0.5) / (lapsed + 0.5)
    return 1 / math.log1p(1 / seen) - seen
