"""Visitors: when they come, how long they stay, whether their browser says good-bye, when they call."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.pool.rules import RELEASE_GRACE

# A shop's day, visits by hour: reconstructed from published accuracy figures of such a day, which it reproduces.
SHOP_DAY = (22, 15, 8, 5, 4, 5, 6, 7, 15, 30, 48, 53, 55, 63, 71, 72, 74, 74, 73, 73, 63, 57, 54, 49)


@dataclass(frozen=True, slots=True)
class Phase:
    """So many seconds at so many arrivals per second."""

    seconds: float
    rate: float


class Fate(NamedTuple):
    """One visitor's. Seconds; None: it does not happen."""

    stay: float
    goodbye: float | None  # after he has left, until his browser's message arrives
    call: float | None  # share of his stay after which he calls
    late_call: float | None  # after he has left


@dataclass(frozen=True, slots=True)
class Visits:
    """Log-normal stays and what browsers do at their end. Seconds; shares of visits."""

    median: float = 90.0
    sigma: float = 1.1
    hold: float = 300.0
    renew_every: float = 240.0
    beacons: float = 0.6
    beacons_lost: float = 0.03  # of the beacons
    beacon_delay: float = 0.2  # mean
    calls: float = 0.1  # while he looks at the page
    late_calls: float = 0.1  # after he has left
    late_by: float = 60.0  # mean

    def fate(self, rng: random.Random) -> Fate:
        """What one visitor will do."""
        stay = self.median * rng.lognormvariate(0, self.sigma)
        says_goodbye = rng.random() < self.beacons * (1 - self.beacons_lost)
        delay = rng.expovariate(1 / self.beacon_delay)
        calling, late_by, when = rng.random(), rng.expovariate(1 / self.late_by), rng.random()
        call, late_call = calling < self.calls, self.calls <= calling < self.calls + self.late_calls
        return Fate(stay, delay if says_goodbye else None, when if call else None, late_by if late_call else None)

    def reservation(self, draws: int = 50_000) -> float:
        """Mean seconds that a visit keeps a number from others: the H of the sizing formulas."""
        rng = random.Random(4711)
        return sum(self._reserved(self.fate(rng)) for _ in range(draws)) / draws

    def _reserved(self, fate: Fate) -> float:
        end = math.floor(fate.stay / self.renew_every) * self.renew_every + self.hold
        if fate.goodbye is not None:
            end = min(end, fate.stay + fate.goodbye + RELEASE_GRACE)
        return end + 0.5  # ends are rounded up


def day(visits: float, profile: tuple[int, ...] = SHOP_DAY) -> tuple[Phase, ...]:
    """A day of 24 hours."""
    total = sum(profile)
    return tuple(Phase(3600, visits * share / total / 3600) for share in profile)
