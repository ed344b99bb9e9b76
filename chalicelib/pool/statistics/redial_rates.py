"""How likely a caller dials a number again, by how long ago they last called it: what is counted for it. Pure.

A caller finds a number they called in the call log of their telephone, also when another visitor is shown it by then.
That is a redial. The other way in which a known caller can come to dial the same number is another visit, under another
visitor id, that happened to be lent it. How often known callers come anew is seen at the other numbers of the pool,
which they do not have in the call log: docs/adr/0019 says how the two are compared.

Every call by a caller who does not withhold their number begins two spans: one of this caller and this number, which
ends with the next call of the caller to the number, and one of this caller and the pool, which ends with their next
call to any number of the pool. Rates are calls over the seconds that spans lasted, in bins of time since they began.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

SINCE = (0, 120, 600, 3600, 14_400, 86_400, 259_200, 604_800, 2_419_200)  # seconds since a call; the last bin is open
SINCE_BINS = len(SINCE)
REMEMBERED = 90 * 86_400  # seconds: as long as the last bin counts for its usual rate

Bins = tuple[
    int, ...
]  # in which bins of the delay profile a call found those who may have made it, ascending; none: nobody


class NotedCall(NamedTuple):
    """One call to a lent number, as much as is kept of it to learn from. Spans in seconds."""

    bins: Bins
    own: Bins = ()  # those of `bins` whose visitor an earlier call of the caller was attributed to
    known: bool = False  # the caller did not withhold their number
    since_number: float | None = None  # since the caller's last call to this number
    since_pool: float | None = None  # since the caller's last call to any number of the pool


class Sight(NamedTuple):
    """What is known of who made a call: calls with the same sight are counted together."""

    bins: Bins
    own: Bins = ()
    redial: int | None = None  # the bin of the time since the caller's last call to this number
    returning: int | None = None  # of that since their last call to any number of the pool


@dataclass(frozen=True, slots=True)
class Followed:
    """The calls of some days by sight, and for how long their callers were followed, in seconds by bin."""

    calls: Counter[Sight]
    number_seconds: tuple[float, ...]
    pool_seconds: tuple[float, ...]


def since_bin(seconds: float) -> int:
    """Return the bin of a time since a call."""
    return bisect_right(SINCE, max(seconds, 0.0)) - 1


def followed(calls: Iterable[tuple[float, NotedCall]], since: float, until: float) -> Followed:
    """Count calls, each with its moment, from `since` to `until`, and follow each caller up to `until`. Seconds.

    A redial of a call before `since` is left out: for how long such callers did not call is not known.
    """
    found: Counter[Sight] = Counter()
    of_number, of_pool = [0.0] * SINCE_BINS, [0.0] * SINCE_BINS
    for at, call in calls:
        number, pool = call.since_number, call.since_pool
        if number is not None and at - number < since:
            continue
        if pool is not None and at - pool < since:
            pool = None
        redial, returning = (None if span is None else since_bin(span) for span in (number, pool))
        found[Sight(call.bins, call.own if pool is not None else (), redial, returning)] += 1
        if call.known:
            for seconds, span in ((of_number, number), (of_pool, pool)):
                _add(seconds, until - at)
                if span is not None:  # the span that this call ends was taken to last up to `until`
                    _add(seconds, until - at + span, -1)
                    _add(seconds, span)
    return Followed(found, *(tuple(max(each, 0.0) for each in seconds) for seconds in (of_number, of_pool)))


def usual_rates(share: float, even: float) -> tuple[float, ...]:
    """Return the calls a second of one caller by bin, if this share of callers calls again within REMEMBERED.

    They fall as 1 / (seconds since the call + `even`).
    """
    whole = math.log(REMEMBERED / even + 1)
    return tuple(
        share * math.log((end + even) / (begin + even)) / whole / (end - begin)
        for begin, end in pairwise((*SINCE, REMEMBERED))
    )


def _add(seconds: list[float], span: float, times: float = 1) -> None:
    """Add a span to the seconds spent in each bin."""
    for index, (begin, end) in enumerate(pairwise((*SINCE, math.inf))):
        if span <= begin:
            return
        seconds[index] += times * (min(span, end) - begin)


def fitted(
    calls: Sequence[float], seconds: Sequence[float], usual: Sequence[float], weight: float
) -> tuple[float, ...]:
    """Return rates by bin for calls seen in so many seconds of each bin.

    Each has a gamma prior worth `weight` calls, whose mean is the usual rate scaled to all calls together.
    """
    expected = sum(rate * spent for rate, spent in zip(usual, seconds, strict=True))
    scale = (sum(calls) + weight) / (expected + weight)
    return tuple(
        (seen + weight) / (spent + weight / (rate * scale))
        for seen, spent, rate in zip(calls, seconds, usual, strict=True)
    )


USUAL_REDIALS = usual_rates(0.25, 300)  # to the same number, from the call log
USUAL_NEW_VISITS = usual_rates(0.05, 86_400)  # from another visit, under another visitor id
