"""Who may have called a number of a pool: everyone who had been shown it, and how likely each is to have dialled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.attribution.candidate_shares import LEAST_OF_MANY, candidates_of, named, when
from chalicelib.attribution.repeat_rules import few
from chalicelib.calls.evidence import Candidate, Evidence, EvidenceKind
from chalicelib.calls.types import Call
from chalicelib.core.errors import StorageUnavailable
from chalicelib.pool.lending import find_holder, overflow_sample_table
from chalicelib.pool.lending.lease_group import moment_of, second_of
from chalicelib.pool.lending.lease_history import SKEW, Held, Holding
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.delay_profile import (
    CallCandidate,
    Likelihoods,
    Profile,
    ShownVisitor,
    likelihoods_of,
    prior_profile,
)
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site, TrackingNumber
from chalicelib.runtime import log
from chalicelib.visits.types import Touch

USUAL_HOLD = 360  # of a pool that is gone
CUT = "The oldest leases of the site's grace were too many to be read."

TouchesOf = Callable[[str], tuple[Touch, ...]]


class Found(NamedTuple):
    """A call's own evidence, and the likelihoods its pool's delay profile learns from; None where there are none."""

    evidence: Evidence
    likelihoods: Likelihoods | None = None


def of_leases(call: Call, site: Site, owner: TrackingNumber, now: datetime, touches_of: TouchesOf) -> Found:
    """Return the evidence of a call to a dynamic number. Raises StorageUnavailable."""
    pool_id = owner.pool_id or ""
    holding = find_holder.holder_at(owner, call.started_at, site.call_grace_seconds, now)
    return of_holding(holding, pool_id, call.started_at, _profile(pool_id, now), touches_of)


def of_holding(holding: Holding, pool_id: str, started_at: datetime, profile: Profile, touches_of: TouchesOf) -> Found:
    """Return the evidence of a call to a dynamic number, by who held it. Pure."""
    at = second_of(started_at)
    shown = [
        ShownVisitor(each.visitor, second_of(each.leased_at), second_of(each.expires_at)) for each in holding.recent
    ]
    found = likelihoods_of(shown, at, profile, profile.background, SKEW)
    plausible, rest = named(found)
    evidence = Evidence(EvidenceKind.UNKNOWN, holding.why, pool_id, delay_profile=profile.version)
    if len(plausible) == 1 and not rest:
        evidence = _sole(evidence, plausible[0], holding, at, touches_of)
    elif plausible:
        evidence = _shared(evidence, candidates_of(plausible, rest, at, _few(touches_of)), touches_of)
    elif holding.recent:
        evidence = replace(evidence, why=_forgotten(holding.recent[0], started_at))
    if holding.cut:
        evidence = replace(evidence, why=f"{evidence.why} {CUT}")
    return Found(evidence, found)


def of_overflow(call: Call, site: Site, owner: TrackingNumber, now: datetime, touches_of: TouchesOf) -> Found:
    """Return the evidence of a call to a pool's overflow number. Raises StorageUnavailable.

    A page shows it as long as it would hold a lease, and asks again. How many remember it is computed from how many
    were shown it lately.
    """
    pool_id = owner.pool_id or ""
    pool = next((pool for pool in snapshot.pools_of(site.site_id, now) if pool.pool_id == pool_id), None)
    hold = pool.hold_seconds if pool else USUAL_HOLD
    profile, span = delays_table.profile_of(pool_id, now), hold + site.call_grace_seconds
    seen = overflow_sample_table.shown_before(pool_id, call.started_at, span)
    shown = [
        ShownVisitor(each.visitor, second_of(each.first_at), second_of(each.last_at) + hold, each.weight)
        for each in seen
    ]
    return of_shown(shown, pool_id, call.started_at, span, profile, touches_of)


def of_shown(
    shown: list[ShownVisitor], pool_id: str, started_at: datetime, span: float, profile: Profile, touches_of: TouchesOf
) -> Found:
    """Return the evidence of a call to an overflow number, by who was shown it in the `span` seconds before. Pure."""
    at, visitors = second_of(started_at), sum(each.weight for each in shown)
    found = likelihoods_of(shown, at, profile, profile.remembered * visitors / span)
    plausible, rest = named(found, LEAST_OF_MANY)
    why = "The pool's shared number was called: no dynamic number had been free."
    candidates = candidates_of(plausible, rest, at, _few(touches_of)) if plausible else ()
    if visitors:
        why += (
            f" About {visitors:.0f} {'visitor had' if round(visitors) == 1 else 'visitors had'} been shown it lately."
        )
    return Found(Evidence(EvidenceKind.OVERFLOW, why, pool_id, candidates=candidates, delay_profile=profile.version))


def _profile(pool_id: str, now: datetime) -> Profile:
    try:
        return delays_table.profile_of(pool_id, now)
    except StorageUnavailable:
        # The lease is known: the call gets its evidence now, and better one when the same outage brings it here again.
        log.warning("profile_unreadable", pool_id=pool_id)
        return prior_profile()


def _sole(evidence: Evidence, candidate: CallCandidate, holding: Holding, at: float, touches_of: TouchesOf) -> Evidence:
    """Nobody else comes into question."""
    shown = candidate.shown
    kind, why = EvidenceKind(holding.certainty), holding.why
    if shown.visitor != holding.visitor:
        live = at <= shown.shown_until + SKEW
        kind = EvidenceKind.LIVE if live else EvidenceKind.PREVIOUS
        why = f"Of all who had seen the number only this visitor may have called, {when(at - shown.shown_until)}."
    return replace(
        evidence,
        kind=kind,
        why=why,
        visitor=shown.visitor,
        leased_at=moment_of(shown.shown_at),
        expires_at=moment_of(shown.shown_until),
        touches=touches_of(shown.visitor),
    )


def _shared(evidence: Evidence, candidates: tuple[Candidate, ...], touches_of: TouchesOf) -> Evidence:
    """Return the evidence of a call that several may have made: that of the likeliest, if it is a known visitor."""
    likeliest = candidates[0]
    shared = replace(evidence, kind=EvidenceKind.SHARED, why=_doubt(candidates), candidates=candidates)
    if likeliest.visitor is None:
        return shared
    return replace(
        shared,
        visitor=likeliest.visitor,
        leased_at=likeliest.shown_at,
        expires_at=likeliest.shown_until,
        touches=touches_of(likeliest.visitor),
    )


def _doubt(candidates: tuple[Candidate, ...]) -> str:
    """Describe how many may have called, and how likely each of the first is."""
    known = [each for each in candidates if each.visitor is not None]
    others = sum(each.share for each in candidates if each.visitor is None)
    who = "One visitor" if len(known) == 1 else f"{len(known)} visitors"
    parts = [
        f"{each.share:.0%} that it was the one who had the number {when(each.delay_seconds or 0)}" for each in known
    ]
    doubt = f"{who} may have dialled it: {'; '.join(parts[:3])}."
    return doubt + (f" {others:.0%} that somebody else had noted it." if others else "")


def _forgotten(lately: Held, at: datetime) -> str:
    late = (at - lately.expires_at).total_seconds()
    return f"The last lease had ended {late:.0f} s before the call: it is likelier that somebody had noted the number."


def _few(touches_of: TouchesOf) -> TouchesOf:
    return lambda visitor: few(touches_of(visitor))
