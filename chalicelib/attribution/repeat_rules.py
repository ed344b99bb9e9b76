"""What the calls of one caller mean for each other. Pure: they may become known in any order.

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

LIKELY = Decimal("0.5")  # the least share of a candidate whose call may count for the caller's other calls
LATEST = 3  # earlier calls stored beside the first
MAX_TOUCHES = 20  # stored of an earlier call: the first, and the latest


def own_evidence(evidence: Evidence) -> Evidence:
    """Return the call's evidence without its caller's other calls."""
    why = evidence.own_why or evidence.why
    return replace(evidence, kind=evidence.first_kind, why=why, repeat_of=None, own_kind=None, own_why=None, earlier=())


def testimony(attributed: AttributedCall) -> EarlierCall | None:
    """Return what a call means for its caller's other calls; None where it has no source that is likelier than not."""
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
    """Return at most MAX_TOUCHES touches: the first, and the latest."""
    return touches if len(touches) <= MAX_TOUCHES else (touches[0], *touches[1 - MAX_TOUCHES :])


def calls_before(call: Call, others: Iterable[AttributedCall]) -> list[AttributedCall]:
    """Return the caller's calls to the business before this one, oldest first; `others` may be any of the site's."""
    if call.caller_key is None or call.direction is Direction.OUT:
        return []
    own = (each for each in others if each.call.caller_key == call.caller_key and each.call.direction is Direction.IN)
    before = [each for each in own if _order(each.call) < _order(call)]
    return sorted(before, key=lambda each: _order(each.call))


def with_earlier(own: Evidence, attributed: AttributedCall, others: Iterable[AttributedCall]) -> Evidence:
    """Add the caller's earlier calls to a call's own evidence; `others` may be any calls of the site.

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
    what = "came from a visit" if latest.touches else "was measured by a number or code of one source"
    why = f"The caller is known: their call of {latest.started_at:%Y-%m-%d %H:%M} UTC {what}."
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
