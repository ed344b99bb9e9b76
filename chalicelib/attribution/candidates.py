"""From the race for a call to its candidates: who is worth naming, and with what share. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from chalicelib.attribution.shares import apportion
from chalicelib.attribution.types import Candidate, Touch
from chalicelib.pool.delays import Entrant, Race
from chalicelib.pool.group import moment_of

LEAST_SHARE = 0.05  # below, nobody is a plausible rival: a plain live lease has the whole call
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
