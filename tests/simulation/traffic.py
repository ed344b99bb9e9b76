"""Visitors: when they come and come back, how long they stay, whether their browser says good-bye, when they call."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.pool.lending.rules import RELEASE_GRACE

# A shop's day, visits by hour: reconstructed from published accuracy figures of such a day, which it reproduces.
SHOP_DAY = (22, 15, 8, 5, 4, 5, 6, 7, 15, 30, 48, 53, 55, 63, 71, 72, 74, 74, 73, 73, 63, 57, 54, 49)


@dataclass(frozen=True, slots=True)
class Phase:
    """So many seconds at so many arrivals per second."""

    seconds: float
    rate: float


class Fate(NamedTuple):
    """One visit's. Seconds; None: it does not happen."""

    stay: float
    goodbye: float | None  # after the visitor has left, until their browser's message arrives
    call: float | None  # share of the stay after which they call
    late_call: float | None  # after they have left


class Arrival(NamedTuple):
    """Who comes, for how long; `left`: when they left the last time, None of somebody who was never here."""

    visitor: bytes
    fate: Fate
    left: float | None = None


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
    calls: float = 0.1  # while the visitor looks at the page
    late_calls: float = 0.1  # after they have left
    late_by: float = 60.0  # mean
    returns: float = 0.3
    away: tuple[float, float] = (60.0, 21 * 86_400.0)  # between two visits, log-uniform: a minute to three weeks

    def fate(self, rng: random.Random) -> Fate:
        """What one visitor will do."""
        stay = self.median * rng.lognormvariate(0, self.sigma)
        says_goodbye = rng.random() < self.beacons * (1 - self.beacons_lost)
        delay = rng.expovariate(1 / self.beacon_delay)
        calling, late_by, when = rng.random(), rng.expovariate(1 / self.late_by), rng.random()
        call, late_call = calling < self.calls, self.calls <= calling < self.calls + self.late_calls
        return Fate(stay, delay if says_goodbye else None, when if call else None, late_by if late_call else None)

    def absence(self, rng: random.Random) -> float:
        """How long somebody who comes back was away.

        Log-uniform: as many come back between one and ten minutes as between one and ten days. Revisits of pages have
        no scale of their own (Adar, Teevan and Dumais, Large scale analysis of web revisitation patterns, 2008).
        """
        soonest, latest = self.away
        return soonest * math.pow(latest / soonest, rng.random())

    def reservation(self, draws: int = 50_000) -> float:
        """Mean seconds that a visit keeps a number from others: the H of the sizing formulas."""
        rng = random.Random(4711)
        return sum(self._reserved(self.fate(rng)) for _ in range(draws)) / draws

    def _reserved(self, fate: Fate) -> float:
        end = math.floor(fate.stay / self.renew_every) * self.renew_every + self.hold
        if fate.goodbye is not None:
            end = min(end, fate.stay + fate.goodbye + RELEASE_GRACE)
        return end + 0.5  # ends are rounded up


class Visitors:
    """Everybody who comes, in the order in which they do: strangers, and the share of them who were here before.

    Somebody who comes back is a visitor who left about so long ago, lent to or not; where that is before
    the beginning, somebody who was never seen in the simulation.
    """

    def __init__(self, visits: Visits, rng: random.Random, beginning: float) -> None:
        self._visits, self._rng, self._beginning = visits, rng, beginning
        self._count = 0
        self._left: dict[int, list[tuple[float, bytes]]] = {}  # by minute: when they will have left, and who

    def arrive(self, now: float) -> Arrival:
        """The next one, who comes now."""
        left, visitor = self._returning(now) if self._rng.random() < self._visits.returns else (None, None)
        fate = self._visits.fate(self._rng)
        leaves = now + fate.stay
        visitor = visitor or self._nobody_yet()
        self._left.setdefault(int(leaves // 60), []).append((leaves, visitor))
        return Arrival(visitor, fate, left)

    def _returning(self, now: float) -> tuple[float | None, bytes | None]:
        away = self._visits.absence(self._rng)
        if now - away < self._beginning:
            return now - away, self._nobody_yet()
        latest, minute = now - self._visits.away[0], int((now - away) // 60)
        for near in range(int(away // 120) + 2):  # from half as long ago to half as long again
            for place in (minute - near, minute + near):
                those = [each for each in self._left.get(place, ()) if each[0] <= latest]
                if those:
                    found = self._rng.choice(those)
                    self._left[place].remove(found)
                    return found
        return None, None  # nobody left then

    def _nobody_yet(self) -> bytes:
        self._count += 1
        return (1 << 64 | self._count).to_bytes(12, "big")


def day(visits: float, profile: tuple[int, ...] = SHOP_DAY) -> tuple[Phase, ...]:
    """A day of 24 hours."""
    total = sum(profile)
    return tuple(Phase(3600, visits * share / total / 3600) for share in profile)
