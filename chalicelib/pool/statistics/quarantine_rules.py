"""When a number in quarantine may be lent again. Pure.

Calls to it are strays: people who noted the number while it was another visitor's. Lent again, each stray would be
credited to the number's new holder. The number waits until the rate of strays is known, with 95 % confidence, to be
small: below one call in four days, or below a twentieth of what a lent number of its pool gets anyway.
"""

from __future__ import annotations

import math

WINDOW_DAYS = 14  # strays before that are forgotten
CONFIDENCE = 0.95
TOLERATED = 0.25  # calls a day
TOLERATED_SHARE = 0.05  # of the calls that a lent number of the pool gets


def is_quiet(strays: int, days: float, lent_calls: float) -> bool:
    """Return whether a number with `strays` in `days` may be lent again. `lent_calls`: a lent number's calls a day.

    Without a stray it takes twelve days, or fewer in a pool whose numbers are called often; one stray starts it anew
    unless the pool's calls outweigh it.
    """
    return days > 0 and highest_mean(strays) / days <= max(TOLERATED, TOLERATED_SHARE * lent_calls)


def highest_mean(calls: int) -> float:
    """Return the largest Poisson mean for which so few calls are no surprise: P(at most `calls`) = 5 %. 0 gives 3.0."""
    low, high = float(calls), 3.0 * calls + 10
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(calls, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _at_most(calls: int, mean: float) -> float:
    """Return P(N ≤ calls) for a Poisson N; by logarithms, so that very many calls do not overflow."""
    return sum(math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(calls + 1))
