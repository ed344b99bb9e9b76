"""Redials: a caller dials a number again that they called before, so who had it then may be behind the call. Pure.

The number may be on another visitor's page by now. The visitor behind the caller's last call to the number is a
candidate beside those who were shown it lately, at the rate of redials; the rate of a visitor who is not known to be
this caller is weighted by how likely they are. docs/adr/0019 has the formulas. Calls may become known in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.attribution.candidate_shares import LEAST_OF_MANY, LEAST_SHARE, apportioned, when
from chalicelib.attribution.repeat_rules import calls_before, few, own_evidence
from chalicelib.calls.evidence import AttributedCall, Candidate, Evidence, EvidenceKind
from chalicelib.calls.types import Call, Direction
from chalicelib.pool.lending.lease_group import second_of
from chalicelib.pool.lending.lease_history import SKEW
from chalicelib.pool.statistics.delay_profile import Likelihoods, Profile, ShownVisitor, likelihoods_of
from chalicelib.pool.statistics.redial_rates import NotedCall, since_bin

HALF = Decimal("0.5")
OF_A_POOL = frozenset(
    {EvidenceKind.LIVE, EvidenceKind.GRACE, EvidenceKind.PREVIOUS, EvidenceKind.SHARED, EvidenceKind.OVERFLOW}
)  # somebody was shown the number lately: only then can the caller be taken for them


@dataclass(frozen=True, slots=True)
class Dialled:
    """A caller's earlier call to a number, and who may have made it: the candidates without their likelihoods."""

    call_id: str
    started_at: datetime
    number: str
    callers: tuple[Candidate, ...]


def dialled_of(attributed: AttributedCall) -> Dialled | None:
    """Return what a call means for its caller's later calls to the same number; None where the caller is unknown."""
    call = attributed.call
    if call.caller_key is None or call.direction is Direction.OUT or call.number is None:
        return None
    own = own_evidence(attributed.evidence)
    seen = own.candidates or (
        Candidate(
            Decimal(1), 0.0, own.visitor, own.leased_at, own.expires_at, touches=own.touches, called_at=own.called_at
        ),
    )
    callers = tuple(
        replace(each, likelihood=0.0, touches=few(each.touches), called_at=each.called_at or call.started_at)
        if each.visitor
        else Candidate(each.share, 0.0)
        for each in seen
    )
    return Dialled(call.call_id, call.started_at, call.number, callers)


def last_dialled(call: Call, others: Iterable[AttributedCall]) -> Dialled | None:
    """Return the caller's last call to the number before this one, or None."""
    before = [other for other in calls_before(call, others) if other.call.number == call.number]
    return dialled_of(before[-1]) if before else None


def with_redial(own: Evidence, call: Call, others: Sequence[AttributedCall], profile: Profile) -> Evidence:
    """Add to a number's evidence that of the caller's last call to it. `profile`: the one `own` was found by."""
    dialled = last_dialled(call, others)
    if dialled is None or own.kind not in OF_A_POOL:
        return own
    at, overflow = second_of(call.started_at), own.kind is EvidenceKind.OVERFLOW
    shown, rest = _shown(own, at, profile)
    if not shown and not overflow:
        return own
    since = since_bin((call.started_at - dialled.started_at).total_seconds())
    again, known = profile.redials[since], _known(call, others)
    raced = {
        each.visitor: replace(each, likelihood=each.likelihood * _identity(each, known, profile.identity[since]))
        for each in shown
    }
    rest *= profile.identity[since]
    for each in dialled.callers:
        rate = again * float(each.share)
        if each.visitor is None:
            rest += rate
        elif each.visitor in raced:  # the visitor is still here: it is this visit either way
            both = raced[each.visitor]
            raced[each.visitor] = replace(both, likelihood=both.likelihood + rate)
        else:
            raced[each.visitor] = replace(each, likelihood=rate, delay_seconds=_delay(each, at))
    candidates = apportioned(raced.values(), rest, LEAST_OF_MANY if overflow else LEAST_SHARE)
    return _evidence(own, dialled, candidates)


def noted_call(call: Call, others: Sequence[AttributedCall], found: Likelihoods, pool_id: str | None) -> NotedCall:
    """Return what a pool learns from a call to one of its numbers, given the caller's known earlier calls."""
    if call.caller_key is None:
        return NotedCall(found.bins)
    before = [each for each in calls_before(call, others) if _lent(each, pool_id)]
    to_number = [each for each in before if each.call.number == call.number]
    known = _known(call, before)
    own = sorted(each.bin_index for each in found.candidates if known.get(each.shown.visitor, 0.0) >= float(HALF))
    spans = [
        (call.started_at - each[-1].call.started_at).total_seconds() if each else None for each in (to_number, before)
    ]
    return NotedCall(found.bins, tuple(own), True, *spans)


def _shown(own: Evidence, at: float, profile: Profile) -> tuple[list[Candidate], float]:
    """Who was shown the number lately, each with the rate at which any visitor would call, and anybody else's."""
    if own.candidates or not (own.visitor and own.leased_at and own.expires_at):
        rest = sum(each.likelihood for each in own.candidates if each.visitor is None)
        return [each for each in own.candidates if each.visitor], rest
    shown = ShownVisitor(own.visitor, second_of(own.leased_at), second_of(own.expires_at))
    found = likelihoods_of([shown], at, profile, 0.0, SKEW)
    sole = Candidate(
        Decimal(1),
        found.total,
        own.visitor,
        own.leased_at,
        own.expires_at,
        delay_seconds=round(at - shown.shown_until, 3),
        touches=few(own.touches),
    )
    return [sole] if found.candidates else [], 0.0


def _known(call: Call, others: Iterable[AttributedCall]) -> Mapping[str, float]:
    """How sure it is of each visitor that they are the caller, by the earlier call that is surest of it."""
    found: dict[str, float] = {}
    for other in calls_before(call, others):
        dialled = dialled_of(other)
        for each in dialled.callers if dialled else ():
            if each.visitor:
                found[each.visitor] = max(found.get(each.visitor, 0.0), float(each.share))
    return found


def _lent(attributed: AttributedCall, pool_id: str | None) -> bool:
    """Whether a call was to a lent number of the pool."""
    number = attributed.evidence.of_number
    return number.pool_id == pool_id and number.first_kind is not EvidenceKind.OVERFLOW


def _identity(candidate: Candidate, known: Mapping[str, float], usual: float) -> float:
    """Return how likely a candidate is the caller; one who represents several visitors is only one of them."""
    sure = known.get(candidate.visitor or "")
    return usual if sure is None else sure / candidate.stands_for


def _delay(candidate: Candidate, at: float) -> float | None:
    return None if candidate.shown_until is None else round(at - second_of(candidate.shown_until), 3)


def _evidence(own: Evidence, dialled: Dialled, candidates: tuple[Candidate, ...]) -> Evidence:
    likeliest = candidates[0]
    if len(candidates) == 1 and likeliest.visitor == own.visitor and not own.candidates:
        return own  # who has the number had it when the caller dialled it before, or is far likelier
    found = replace(own, candidates=candidates, redial_of=dialled.call_id, by_number=own)
    before = f"The caller had called this number before, at {dialled.started_at:%Y-%m-%d %H:%M} UTC"
    if own.kind is EvidenceKind.OVERFLOW:  # the number's call, as the one before: how likely each is, is beside it
        return replace(found, why=f"{before}: {_doubt(candidates)}.")
    found = replace(
        found,
        visitor=likeliest.visitor,
        leased_at=likeliest.shown_at,
        expires_at=likeliest.shown_until,
        touches=likeliest.touches,
        called_at=likeliest.called_at,
    )
    if len(candidates) > 1:
        return replace(found, kind=EvidenceKind.SHARED, why=f"{before}: {_doubt(candidates)}.")
    found = replace(found, candidates=())
    if likeliest.visitor is None:
        why = f"{before}, and dialled it again; whose page it was on then is not known."
        return replace(found, kind=EvidenceKind.UNKNOWN, why=why)
    if likeliest.called_at is None:
        delay = likeliest.delay_seconds or 0
        why = f"The caller had called before from the page of the visitor who had the number {when(delay)}."
        return replace(found, kind=EvidenceKind.LIVE if delay <= SKEW else EvidenceKind.GRACE, why=why)
    why = f"{before}, and dialled it again: the call is of the visit behind that one."
    return replace(found, kind=EvidenceKind.REDIAL, why=why)


def _doubt(candidates: tuple[Candidate, ...]) -> str:
    """How likely each of the first is."""
    parts = []
    for each in candidates[:3]:
        if each.visitor is None:
            what = "somebody who is not known dialled it"
        elif each.called_at:
            what = "they dialled it again, for the visit behind that call"
        else:
            what = f"it was the one who had the number {when(each.delay_seconds or 0)}"
        parts.append(f"{each.share:.0%} that {what}")
    return "; ".join(parts)
