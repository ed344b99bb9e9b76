"""How likely a visitor calls, by how long ago he saw the number: a pool's delay profile, and how it is learned. Pure.

Callers are a race. Everyone who was shown a number may call it, at a rate that rises while he reads it (nobody dials in
the first seconds) and falls once it is gone from his page; and whoever noted it long ago calls at the remembered rate.
The call is somebody's with the probability of his rate among all rates at that moment.

Rates are piecewise constant: by the age of a lease that runs, by the delay since a lease that has ended. They are
learned from the pool's own calls over the time that visitors spent in each bin. A sure call counts in one bin; one that
several visitors may have made counts in each with its probability under the very rates that are sought (expectation and
maximisation). Where calls are few a prior stands in: the usual shape, on the pool's own level. docs/adr/0008 tells why.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

AGES = (0, 4, 8, 16, 32, 64)  # seconds since the number was shown, while it is; the last bin is open
DELAYS = (0, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400)  # seconds since it was last shown
LIVE_BINS, LATE_BINS = len(AGES), len(DELAYS) - 1
BINS = LIVE_BINS + LATE_BINS
_LIVE, _LATE = range(LIVE_BINS), range(LIVE_BINS, BINS)

PRIOR = "prior"  # the version of a profile that nothing was learned for
PRIOR_CALLS = 5  # what the usual shape is worth in each bin, in calls seen
PRIOR_LEVEL = 0.05  # calls a lease, of a pool that nothing is known of
LIVE, LATE = 0.92, 0.05  # of calls: while the number is shown, within a day after; the rest later
USUAL_STAY = 300  # seconds that a number is shown
HASTE = (0.0005, 0.1, 0.4, 0.8, 1.0, 1.0)  # the rate at each age, of the rate of who has read the page
FADING = 180  # seconds: the rate falls as 1 / (delay + FADING)^1.5
ROUNDS, SETTLED = 500, 1e-4  # of expectation and maximisation at most, and the change of a rate that ends them
Bins = tuple[
    int, ...
]  # in which bins a call found those who may have made it, ascending; none: nobody was looked back to


@dataclass(frozen=True, slots=True)
class Profile:
    """A pool's rates, in calls a second of one visitor, by bin; and what is remembered."""

    version: str
    rates: tuple[float, ...]  # the live bins by age, then the late ones by delay
    remembered: float  # calls that one showing of a number leaves for later than anybody looks back
    turnover: float  # showings of one number a second

    @property
    def background(self) -> float:
        """Calls a second to a number by people who noted it long ago."""
        return self.remembered * self.turnover


@dataclass(frozen=True, slots=True)
class Counted:
    """What a pool's calls and visitors were over some days."""

    calls: Mapping[Bins, int]
    leases: int
    live_seconds: float  # that numbers were lent, together
    number_seconds: float  # that numbers were there to be lent, together


class Suspect(NamedTuple):
    """Somebody who was shown a number, and may have called it. Times in seconds since 2024."""

    visitor: str
    shown_at: float
    shown_until: float
    stands_for: float = 1.0  # visitors


class Entrant(NamedTuple):
    """A suspect in the race for a call: in which bin it finds him, and at what rate he calls then."""

    suspect: Suspect
    place: int  # his bin
    likelihood: float  # calls a second, of all the visitors he stands for


@dataclass(frozen=True, slots=True)
class Race:
    """Everybody who may have made a call, fastest first, and the rate of anybody else."""

    entrants: tuple[Entrant, ...]
    background: float

    @property
    def total(self) -> float:
        """Calls a second to the number at that moment."""
        return sum(entrant.likelihood for entrant in self.entrants) + self.background

    @property
    def bins(self) -> Bins:
        """What the profile is learned from."""
        return tuple(sorted(entrant.place for entrant in self.entrants))


def race(suspects: Iterable[Suspect], at: float, profile: Profile, background: float, skew: float = 0) -> Race:
    """Who may have made a call that came at `at` (seconds since 2024). `skew`: how far clocks may differ."""
    entrants = []
    for suspect in suspects:
        place = bin_of(suspect.shown_at, suspect.shown_until, at, skew)
        if place is not None:
            entrants.append(Entrant(suspect, place, profile.rates[place] * suspect.stands_for))
    return Race(tuple(sorted(entrants, key=lambda entrant: -entrant.likelihood)), background)


def bin_of(shown_at: float, shown_until: float, at: float, skew: float = 0) -> int | None:
    """In which bin a call at `at` finds a visitor who was shown the number; None: too late."""
    if at <= shown_until + skew:
        return bisect_right(AGES, max(at - shown_at, 0)) - 1
    place = bisect_right(DELAYS, at - shown_until) - 1
    return LIVE_BINS + place if place < LATE_BINS else None


def prior_profile() -> Profile:
    """Of a pool that nothing is known of yet: of a new one, whose numbers nobody has noted."""
    return Profile(PRIOR, tuple(PRIOR_LEVEL * part / width for part, width in zip(_SHAPE, _WIDTHS, strict=True)), 0, 0)


def learned(version: str, counted: Counted, grace: float) -> Profile:
    """The profile that these calls make, the prior with them. `grace`: seconds that are looked back to ended leases.

    Each rate has a gamma prior, whose mean is the usual rate scaled to the calls of the pool, and then to those of all
    live bins, or of all late bins and the remembered together: a bin without calls takes part in what its neighbours
    tell. Once the page has been read, rates only fall.
    """
    exposures = [_exposure(place, counted, grace) for place in range(BINS)]
    profile = _fitted(version, counted, exposures, {}, 0.0, grace)
    for _ in range(ROUNDS):
        seen, unseen = _expected(counted.calls, profile)
        better = _fitted(version, counted, exposures, seen, unseen, grace)
        if not differs(better, profile, SETTLED):
            return better
        profile = better
    return profile


def _expected(calls: Mapping[Bins, int], profile: Profile) -> tuple[dict[int, float], float]:
    """How many calls each bin and the background have, if the profile is true."""
    seen: dict[int, float] = {}
    unseen = 0.0
    for bins, count in calls.items():
        total = sum(profile.rates[place] for place in bins) + profile.background
        unseen += count * profile.background / total if bins else count
        for place in bins:
            seen[place] = seen.get(place, 0.0) + count * profile.rates[place] / total
    return seen, unseen


def _fitted(
    version: str, counted: Counted, exposures: Sequence[float], seen: Mapping[int, float], unseen: float, grace: float
) -> Profile:
    """The likeliest rates where so many calls were seen in each bin, and `unseen` of the background."""
    leases, level = counted.leases, (sum(counted.calls.values()) + 1) / (counted.leases + 1 / PRIOR_LEVEL)
    usual = [level * part / width for part, width in zip(_SHAPE, _WIDTHS, strict=True)]
    kept = level * (1 - LIVE - sum(_SHAPE[place] * _looked_back(place, grace) / _WIDTHS[place] for place in _LATE))
    scales = []
    for places, others, unseen_others in ((_LIVE, 0.0, 0.0), (_LATE, kept * leases, unseen)):
        expected = sum(usual[place] * exposures[place] for place in places) + others
        found = sum(seen.get(place, 0.0) for place in places) + unseen_others
        scales.append((found + PRIOR_CALLS) / (expected + PRIOR_CALLS))
    fractions = [
        (
            seen.get(place, 0.0) + PRIOR_CALLS,
            exposures[place] + PRIOR_CALLS / (usual[place] * scales[place >= LIVE_BINS]),
        )
        for place in range(BINS)
    ]
    reading = [calls / seconds for calls, seconds in fractions[: LIVE_BINS - 1]]
    remembered = (unseen + PRIOR_CALLS) / (leases + PRIOR_CALLS / (kept * scales[1]))
    turnover = leases / counted.number_seconds if counted.number_seconds else 0.0
    return Profile(version, (*reading, *_falling(fractions[LIVE_BINS - 1 :])), remembered, turnover)


def _falling(fractions: Iterable[tuple[float, float]]) -> list[float]:
    """The rates of (calls, seconds) that never rise, nearest to them: neighbours that would rise are pooled."""
    pools: list[tuple[float, float, int]] = []
    for calls, seconds in fractions:
        pools.append((calls, seconds, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] < pools[-1][0] / pools[-1][1]:
            (calls, seconds, many), (more_calls, more_seconds, more) = pools[-2], pools.pop()
            pools[-1] = (calls + more_calls, seconds + more_seconds, many + more)
    return [calls / seconds for calls, seconds, many in pools for _ in range(many)]


def differs(one: Profile, other: Profile, by: float = 0.1) -> bool:
    """Whether two profiles differ by more than this part of a rate anywhere: smaller changes make no new version."""
    pairs = zip((*one.rates, one.background), (*other.rates, other.background), strict=True)
    return any(abs(a - b) > by * max(a, b) for a, b in pairs)


def _exposure(place: int, counted: Counted, grace: float) -> float:
    """Seconds that visitors spent in a bin, together."""
    if place < LIVE_BINS - 1:  # the least lease lasts longer
        return counted.leases * _WIDTHS[place]
    if place < LIVE_BINS:
        return max(counted.live_seconds - counted.leases * AGES[-1], 0.0)
    return counted.leases * _looked_back(place, grace)


def _looked_back(place: int, grace: float) -> float:
    """Seconds of a bin of delays within the grace."""
    begin, end = DELAYS[place - LIVE_BINS], DELAYS[place - LIVE_BINS + 1]
    return max(min(end, grace) - begin, 0.0)


def _faded(begin: float, end: float) -> float:
    return 1 / math.sqrt(begin + FADING) - 1 / math.sqrt(end + FADING)


def _shape() -> Sequence[float]:
    """The share of a usual pool's calls in each bin."""
    reading = [haste * width for haste, width in zip(HASTE, _WIDTHS, strict=False)]
    live = [LIVE * part / sum(reading) for part in reading]
    whole = _faded(DELAYS[0], DELAYS[-1])
    return [*live, *(LATE * _faded(*edges) / whole for edges in pairwise(DELAYS))]


_WIDTHS = (
    *(end - begin for begin, end in zip(AGES, (*AGES[1:], USUAL_STAY), strict=True)),
    *(end - begin for begin, end in pairwise(DELAYS)),
)
_SHAPE = tuple(_shape())
