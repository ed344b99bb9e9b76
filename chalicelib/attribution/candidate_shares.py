"""From competing likelihoods to a call's candidates: who is worth naming, and with what share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.calls.evidence import Candidate
from chalicelib.core.apportion import apportion
from chalicelib.pool.lending.lease_group import moment_of
from chalicelib.pool.statistics.delay_profile import CallCandidate, Likelihoods
from chalicelib.visits.types import Touch

LEAST_SHARE = 0.05  # below, nobody is a plausible rival: a plain live lease has the whole call
LEAST_OF_MANY = 0.02  # of a call to an overflow number: many were shown it, and none of them alone
MOST = 8  # each costs a read of their touches


def named(likelihoods: Likelihoods, least: float = LEAST_SHARE) -> tuple[list[CallCandidate], float]:
    """Return the plausible candidates, likeliest first, and the calls a second of anybody else; 0 where implausible.

    Where there are many, the likeliest is named at least; a single plausible one has the whole call.
    """
    total = likelihoods.total
    plausible = [each for each in likelihoods.candidates[:MOST] if each.likelihood >= least * total > 0]
    rest = total - sum(each.likelihood for each in plausible)
    return plausible, rest if rest >= least * total or not plausible else 0.0


def candidates_of(
    plausible: list[CallCandidate], rest: float, at: float, touches_of: Callable[[str], tuple[Touch, ...]]
) -> tuple[Candidate, ...]:
    """Return the candidates of a call that came at `at` (seconds since 2024), likeliest first.

    Anybody else, where `rest` is not 0, is one of them, without a visitor.
    """
    likelihoods = [*(each.likelihood for each in plausible), *([rest] if rest else [])]
    shares = apportion([Decimal(likelihood) for likelihood in likelihoods])
    found = [
        Candidate(
            share=share,
            likelihood=each.likelihood,
            visitor=each.shown.visitor,
            shown_at=moment_of(each.shown.shown_at),
            shown_until=moment_of(each.shown.shown_until),
            delay_seconds=round(at - each.shown.shown_until, 3),
            stands_for=each.shown.weight,
            touches=touches_of(each.shown.visitor),
        )
        for each, share in zip(plausible, shares, strict=False)
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
