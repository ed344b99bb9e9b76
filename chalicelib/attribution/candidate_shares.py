"""From the race for a call to its candidates: who is worth naming, and with what share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.calls.evidence import Candidate
from chalicelib.core.apportion import apportion
from chalicelib.pool.lending.lease_group import moment_of
from chalicelib.pool.statistics.delay_profile import Entrant, Race
from chalicelib.visits.types import Touch

LEAST_SHARE = 0.05  # below, nobody is a plausible rival: a plain live lease has the whole call
LEAST_OF_MANY = 0.02  # of a call to an overflow number: many were shown it, and none of them alone
MOST = 8  # each costs a look at his touches


def named(race: Race, least: float = LEAST_SHARE) -> tuple[list[Entrant], float]:
    """The plausible ones, likeliest first, and what is left for anybody else, in calls a second; 0 where implausible.

    The likeliest names himself even where all are many; a single one who is left without a rival has the whole call.
    """
    plausible = [entrant for entrant in race.entrants[:MOST] if entrant.likelihood >= least * race.total > 0]
    rest = race.total - sum(entrant.likelihood for entrant in plausible)
    return plausible, rest if rest >= least * race.total or not plausible else 0.0


def candidates_of(
    entrants: list[Entrant], rest: float, at: float, touches_of: Callable[[str], tuple[Touch, ...]]
) -> tuple[Candidate, ...]:
    """The candidates of a call that came at `at` (seconds since 2024), likeliest first; anybody else in his place."""
    likelihoods = [*(entrant.likelihood for entrant in entrants), *([rest] if rest else [])]
    shares = apportion([Decimal(likelihood) for likelihood in likelihoods])
    found = [
        Candidate(
            share=share,
            likelihood=entrant.likelihood,
            visitor=entrant.suspect.visitor,
            shown_at=moment_of(entrant.suspect.shown_at),
            shown_until=moment_of(entrant.suspect.shown_until),
            delay_seconds=round(at - entrant.suspect.shown_until, 3),
            stands_for=entrant.suspect.stands_for,
            touches=touches_of(entrant.suspect.visitor),
        )
        for entrant, share in zip(entrants, shares, strict=False)
    ]
    if rest:
        found.append(Candidate(shares[-1], rest))
    return tuple(sorted(found, key=lambda candidate: -candidate.share))


def apportioned(candidates: Iterable[Candidate], rest: float, least: float) -> tuple[Candidate, ...]:
    """Those worth naming of candidates who have their touches, each with the share of its likelihood, likeliest first.

    `rest` are the calls a second of anybody else. What is implausible is left out as `named` leaves it out.
    """
    ordered = sorted(candidates, key=lambda each: -each.likelihood)
    total = rest + sum(each.likelihood for each in ordered)
    plausible = [each for each in ordered[:MOST] if each.likelihood >= least * total > 0]
    left = total - sum(each.likelihood for each in plausible)
    if left >= least * total or not plausible:
        plausible.append(Candidate(Decimal(1), left))
    shares = apportion([Decimal(each.likelihood) for each in plausible])
    found = [replace(each, share=share) for each, share in zip(plausible, shares, strict=True)]
    return tuple(sorted(found, key=lambda candidate: -candidate.share))


def when(delay: float) -> str:
    """In words, how long before the call somebody had the number: below 0 they still had it. Seconds."""
    return f"until {delay:.0f} s before the call" if delay > 0 else "at that moment"
