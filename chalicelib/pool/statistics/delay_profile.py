"""How likely a visitor calls, by how long ago they saw the number: a pool's delay profile, and how it is learned. Pure.

Those who may have made a call compete. Every visitor who was shown the number may call it, at a rate that rises while
they read it (nobody dials in the first seconds) and falls once it is gone from their page; people who noted it long ago
call at the remembered rate. The probability that a visitor made the call is their rate among all rates at that moment.

Rates are piecewise constant: by the age of a lease that runs, by the delay since a lease that has ended. They are
learned from the pool's own calls over the time that visitors spent in each bin. A sure call counts in one bin; one that
several visitors may have made counts in each with its probability under the rates that are sought (expectation and
maximisation). Where calls are few a prior decides: the usual shape, on the pool's own level. docs/adr/0008 says why.

A caller who called the number before may have dialled it again from the call log: at the rate of a redial, by how long
ago that was. All others are then weighed by how likely they are this same caller: docs/adr/0019.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from chalicelib.pool.statistics.redial_rates import SINCE_BINS, USUAL_NEW_VISITS, USUAL_REDIALS, Bins, Sight, fitted

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
HASTE = (0.0005, 0.1, 0.4, 0.8, 1.0, 1.0)  # the rate at each age, as a part of the rate once the page has been read
FADING = 180  # seconds: the rate falls as 1 / (delay + FADING)^1.5
ROUNDS, SETTLED = 500, 1e-4  # of expectation and maximisation at most, and the change of a rate that ends them
USUAL_NUMBERS = 4  # that a pool of which nothing is known has lent
USUAL_RATE = USUAL_NUMBERS * PRIOR_LEVEL * LIVE / USUAL_STAY  # calls a second to all of them
USUAL_IDENTITY = tuple(rate / USUAL_RATE for rate in USUAL_NEW_VISITS)


class Profile(Struct, frozen=True):
    """A pool's rates, in calls a second of one visitor, by bin; and what is remembered."""

    version: str
    rates: tuple[float, ...]  # the live bins by age, then the late ones by delay
    remembered: float  # calls that one showing of a number leaves for later than anybody looks back
    turnover: float  # showings of one number a second
    # By the time since a caller's last call to a number: their calls to it a second from the call log, and how likely
    # any one visitor who calls is this very caller.
    redials: tuple[float, ...] = USUAL_REDIALS
    identity: tuple[float, ...] = USUAL_IDENTITY

    @property
    def background(self) -> float:
        """Return the calls a second to a number by people who noted it long ago."""
        return self.remembered * self.turnover


class Counted(Struct, frozen=True):
    """What a pool's calls and visitors were over some days."""

    calls: Mapping[Sight, int]
    leases: int
    live_seconds: float  # that numbers were lent, together
    number_seconds: float  # that numbers were there to be lent, together
    seconds: float = 0.0  # that were counted
    caller_number_seconds: tuple[float, ...] = (0.0,) * SINCE_BINS  # since callers' last calls to a number, together
    caller_pool_seconds: tuple[float, ...] = (0.0,) * SINCE_BINS  # since their last calls to any number of the pool


@dataclass(slots=True)
class _Expected:
    """How many calls are whose, if a profile is true."""

    seen: dict[int, float] = field(default_factory=dict)  # by bin of the visitors
    unseen: float = 0.0  # of those who noted the number long ago
    redials: list[float] = field(default_factory=lambda: [0.0] * SINCE_BINS)
    new_visits: list[float] = field(default_factory=lambda: [0.0] * SINCE_BINS)  # of known callers


class ShownVisitor(NamedTuple):
    """A visitor who was shown a number and may have called it. Times in seconds since 2024."""

    visitor: str
    shown_at: float
    shown_until: float
    weight: float = 1.0  # visitors that this one represents in a sample


class CallCandidate(NamedTuple):
    """A visitor who may have made a call: in which bin the call finds them, and at what rate they call then."""

    shown: ShownVisitor
    bin_index: int
    likelihood: float  # calls a second, of all the visitors that this one represents


class Likelihoods(Struct, frozen=True):
    """Everybody who may have made a call, likeliest first, and the rate of anybody else."""

    candidates: tuple[CallCandidate, ...]
    background: float

    @property
    def total(self) -> float:
        """Return the calls a second to the number at that moment."""
        return sum(candidate.likelihood for candidate in self.candidates) + self.background

    @property
    def bins(self) -> Bins:
        """Return the candidates' bins, from which the profile is learned."""
        return tuple(sorted(candidate.bin_index for candidate in self.candidates))


def likelihoods_of(
    visitors: Iterable[ShownVisitor], at: float, profile: Profile, background: float, skew: float = 0
) -> Likelihoods:
    """Return who may have made a call that came at `at` (seconds since 2024). `skew`: how far clocks may differ."""
    candidates = []
    for shown in visitors:
        index = bin_of(shown.shown_at, shown.shown_until, at, skew)
        if index is not None:
            candidates.append(CallCandidate(shown, index, profile.rates[index] * shown.weight))
    return Likelihoods(tuple(sorted(candidates, key=lambda candidate: -candidate.likelihood)), background)


def bin_of(shown_at: float, shown_until: float, at: float, skew: float = 0) -> int | None:
    """Return the bin in which a call at `at` finds a visitor who was shown the number; None: too late."""
    if at <= shown_until + skew:
        return bisect_right(AGES, max(at - shown_at, 0)) - 1
    index = bisect_right(DELAYS, at - shown_until) - 1
    return LIVE_BINS + index if index < LATE_BINS else None


def prior_profile() -> Profile:
    """Return the profile of a new pool, of which nothing is known and whose numbers nobody has noted."""
    return Profile(PRIOR, tuple(PRIOR_LEVEL * part / width for part, width in zip(_SHAPE, _WIDTHS, strict=True)), 0, 0)


def learned(version: str, counted: Counted, grace: float) -> Profile:
    """Return the profile by these calls and the prior. `grace`: seconds after its end that a lease is looked back to.

    Each rate has a gamma prior, whose mean is the usual rate scaled to the calls of the pool, and then to those of all
    live bins, or of all late bins and the remembered together: a bin without calls learns from its neighbours. Once the
    page has been read, rates only fall.
    """
    exposures = [_exposure(index, counted, grace) for index in range(BINS)]
    profile = _fitted(version, counted, exposures, _Expected(), grace)
    for _ in range(ROUNDS):
        better = _fitted(version, counted, exposures, _expected(counted.calls, profile), grace)
        if not differs(better, profile, SETTLED):
            return better
        profile = better
    return profile


def _expected(calls: Mapping[Sight, int], profile: Profile) -> _Expected:
    """Return how many calls each bin, the background and redials have, if the profile is true."""
    found = _Expected()
    for sight, count in calls.items():
        _share(found, sight, count, profile)
    return found


def _share(found: _Expected, sight: Sight, count: int, profile: Profile) -> None:
    """Share calls of one sight among those who may have made them."""
    since = sight.returning if sight.redial is None else sight.redial
    identity = 1.0 if since is None else profile.identity[since]
    own, others = list(sight.own), list(sight.bins)
    for index in own:
        others.remove(index)
    rates = [(index, profile.rates[index]) for index in own]
    rates += [(index, identity * profile.rates[index]) for index in others]
    background, redial = identity * profile.background, 0.0
    if sight.redial is not None:
        redial = profile.redials[sight.redial]
    total = sum(rate for _, rate in rates) + background + redial
    if not total:  # nobody was looked back to, in a pool that was not known to be remembered
        found.unseen += count
        return
    found.unseen += count * background / total
    for index, rate in rates:
        found.seen[index] = found.seen.get(index, 0.0) + count * rate / total
    if sight.redial is not None:
        found.redials[sight.redial] += count * redial / total
    if since is not None:
        found.new_visits[since] += count * (sum(rate for _, rate in rates[len(own) :]) + background) / total


def _fitted(version: str, counted: Counted, exposures: Sequence[float], expected: _Expected, grace: float) -> Profile:
    """Return the likeliest rates for these expected calls."""
    seen, unseen = expected.seen, expected.unseen
    leases, level = counted.leases, (sum(counted.calls.values()) + 1) / (counted.leases + 1 / PRIOR_LEVEL)
    usual = [level * part / width for part, width in zip(_SHAPE, _WIDTHS, strict=True)]
    kept = level * (1 - LIVE - sum(_SHAPE[index] * _looked_back(index, grace) / _WIDTHS[index] for index in _LATE))
    scales = []
    for indexes, others, unseen_others in ((_LIVE, 0.0, 0.0), (_LATE, kept * leases, unseen)):
        usually = sum(usual[index] * exposures[index] for index in indexes) + others
        found = sum(seen.get(index, 0.0) for index in indexes) + unseen_others
        scales.append((found + PRIOR_CALLS) / (usually + PRIOR_CALLS))
    fractions = [
        (
            seen.get(index, 0.0) + PRIOR_CALLS,
            exposures[index] + PRIOR_CALLS / (usual[index] * scales[index >= LIVE_BINS]),
        )
        for index in range(BINS)
    ]
    reading = [calls / seconds for calls, seconds in fractions[: LIVE_BINS - 1]]
    remembered = (unseen + PRIOR_CALLS) / (leases + PRIOR_CALLS / (kept * scales[1]))
    turnover = leases / counted.number_seconds if counted.number_seconds else 0.0
    redials = fitted(expected.redials, counted.caller_number_seconds, USUAL_REDIALS, PRIOR_CALLS)
    return Profile(
        version,
        (*reading, *_falling(fractions[LIVE_BINS - 1 :])),
        remembered,
        turnover,
        redials,
        _identity(counted, expected),
    )


def _identity(counted: Counted, expected: _Expected) -> tuple[float, ...]:
    """Return how likely any one visitor who calls is one known caller: one caller's part of the pool's call rate."""
    new_visits = fitted(expected.new_visits, counted.caller_pool_seconds, USUAL_NEW_VISITS, PRIOR_CALLS)
    calls = sum(counted.calls.values()) - sum(expected.redials)
    rate = (calls + 1) / (counted.seconds + 1 / USUAL_RATE)
    return tuple(min(each / rate, 1.0) for each in new_visits)


def _falling(fractions: Iterable[tuple[float, float]]) -> list[float]:
    """Return the rates nearest to (calls, seconds) that never rise: neighbours that would rise are pooled."""
    pools: list[tuple[float, float, int]] = []
    for new_calls, new_seconds in fractions:
        pools.append((new_calls, new_seconds, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] < pools[-1][0] / pools[-1][1]:
            (calls, seconds, many), (more_calls, more_seconds, more) = pools[-2], pools.pop()
            pools[-1] = (calls + more_calls, seconds + more_seconds, many + more)
    return [calls / seconds for calls, seconds, many in pools for _ in range(many)]


def differs(one: Profile, other: Profile, by: float = 0.1) -> bool:
    """Return whether any rate differs by more than this part of it: smaller changes make no new version."""
    pairs = zip(_all_of(one), _all_of(other), strict=True)
    return any(abs(a - b) > by * max(a, b) for a, b in pairs)


def _all_of(profile: Profile) -> tuple[float, ...]:
    return (*profile.rates, profile.background, *profile.redials, *profile.identity)


def _exposure(index: int, counted: Counted, grace: float) -> float:
    """Return the seconds that visitors spent in a bin, together."""
    if index < LIVE_BINS - 1:  # the least lease lasts longer
        return counted.leases * _WIDTHS[index]
    if index < LIVE_BINS:
        return max(counted.live_seconds - counted.leases * AGES[-1], 0.0)
    return counted.leases * _looked_back(index, grace)


def _looked_back(index: int, grace: float) -> float:
    """Return the seconds of a bin of delays within the grace."""
    begin, end = DELAYS[index - LIVE_BINS], DELAYS[index - LIVE_BINS + 1]
    return max(min(end, grace) - begin, 0.0)


def _faded(begin: float, end: float) -> float:
    return 1 / math.sqrt(begin + FADING) - 1 / math.sqrt(end + FADING)


def _shape() -> Sequence[float]:
    """Return the share of a usual pool's calls in each bin."""
    reading = [haste * width for haste, width in zip(HASTE, _WIDTHS, strict=False)]
    live = [LIVE * part / sum(reading) for part in reading]
    whole = _faded(DELAYS[0], DELAYS[-1])
    return [*live, *(LATE * _faded(*edges) / whole for edges in pairwise(DELAYS))]


_WIDTHS = (
    *(end - begin for begin, end in zip(AGES, (*AGES[1:], USUAL_STAY), strict=True)),
    *(end - begin for begin, end in pairwise(DELAYS)),
)
_SHAPE = tuple(_shape())
