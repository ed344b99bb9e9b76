"""What the calls of one caller tell of each other. Pure: any order in which they become known gives the same.

Evidence keeps the facts (the caller's first measured call and the latest ones); which of them counts is the site's
`repeat_rule`, applied when credit is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.calls.evidence import MEASURED, AttributedCall, EarlierCall, Evidence, EvidenceKind
from chalicelib.calls.types import Call, Direction
from chalicelib.visits.types import Touch

LIKELY = Decimal("0.5")  # the share of a candidate from which on his call may speak for the caller's others
LATEST = 3  # earlier calls kept beside the first
MAX_TOUCHES = 20  # kept of an earlier call: the first, and the latest


def own_evidence(evidence: Evidence) -> Evidence:
    """What the call told by itself."""
    why = evidence.own_why or evidence.why
    return replace(evidence, kind=evidence.first_kind, why=why, repeat_of=None, own_kind=None, own_why=None, earlier=())


def testimony(attributed: AttributedCall) -> EarlierCall | None:
    """What a call says of its caller to his other calls; None where it names no source that is likelier than not."""
    call, evidence = attributed.call, attributed.evidence
    if call.caller_key is None or call.direction is Direction.OUT:
        return None
    if evidence.kind not in MEASURED or not (evidence.touches or evidence.campaign_id):
        return None
    if evidence.candidates and evidence.candidates[0].share < LIKELY:
        return None
    kept = few(evidence.touches)
    return EarlierCall(
        call.call_id, call.started_at, evidence.kind, evidence.visitor, kept, campaign_id=evidence.campaign_id
    )


def few(touches: tuple[Touch, ...]) -> tuple[Touch, ...]:
    """Of many touches the first and the latest."""
    return touches if len(touches) <= MAX_TOUCHES else (touches[0], *touches[1 - MAX_TOUCHES :])


def calls_before(call: Call, others: Iterable[AttributedCall]) -> list[AttributedCall]:
    """The caller's own calls to the business before this one, oldest first; `others` may be any of the site's."""
    if call.caller_key is None or call.direction is Direction.OUT:
        return []
    own = (each for each in others if each.call.caller_key == call.caller_key and each.call.direction is Direction.IN)
    before = [each for each in own if _order(each.call) < _order(call)]
    return sorted(before, key=lambda each: _order(each.call))


def with_earlier(own: Evidence, attributed: AttributedCall, others: Iterable[AttributedCall]) -> Evidence:
    """The call's own evidence with what earlier calls of its caller tell; `others` may hold any of the site's calls.

    A call without a source of its own becomes a repeat of the latest one before it that has one.
    """
    call = attributed.call
    if call.caller_key is None or call.direction is Direction.OUT or own.kind is EvidenceKind.SELF_REPORTED:
        return own
    before = [one for one in map(testimony, calls_before(call, others)) if one]
    if not before:
        return own
    earlier = tuple(before if len(before) <= LATEST else (before[0], *before[1:][-LATEST:]))
    if own.kind in MEASURED:
        return replace(own, earlier=earlier)
    latest = earlier[-1]
    what = "came from a visit" if latest.touches else "was measured by what stands for one source"
    why = f"The caller is known: his call of {latest.started_at:%Y-%m-%d %H:%M} UTC {what}."
    return replace(
        own,
        kind=EvidenceKind.REPEAT,
        why=why,
        repeat_of=latest.call_id,
        own_kind=own.kind,
        own_why=own.why,
        earlier=earlier,
    )


def _order(call: Call) -> tuple[datetime, str]:
    return call.started_at, call.call_id
