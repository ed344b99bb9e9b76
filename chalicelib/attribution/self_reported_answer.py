"""Which self-reported source counts for a call: the one noted with it, or that of its deals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.calls.evidence import AttributedCall, EvidenceKind
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.types import Direction
from chalicelib.deals.types import Deal

SelfReportedByCall = Mapping[str, SelfReported]  # key: call id


def self_reported_by_call(deals: Iterable[Deal]) -> SelfReportedByCall:
    """Return the answer of each call's latest deal that has one."""
    latest: dict[str, Deal] = {}
    for deal in deals:
        if deal.self_reported is None or deal.call_id is None:
            continue
        known = latest.get(deal.call_id)
        if known is None or _order(deal) > _order(known):
            latest[deal.call_id] = deal
    return {call_id: deal.self_reported for call_id, deal in latest.items() if deal.self_reported}


def self_reported_of(attributed: AttributedCall, by_call: SelfReportedByCall) -> SelfReported | None:
    """Return the answer noted with a call, else that of its deals; None for an outgoing call."""
    call = attributed.call
    if call.direction is Direction.OUT:
        return None
    return attributed.self_reported or by_call.get(call.call_id)


def shown_kind(attributed: AttributedCall, reported: SelfReported | None) -> EvidenceKind:
    """Return the kind of evidence to show: self-reported only where there is an answer and nothing was measured.

    The evidence itself does not change, nor does the credit: it stays `unknown`.
    """
    kind = attributed.evidence.kind
    return EvidenceKind.SELF_REPORTED if reported and kind is EvidenceKind.UNKNOWN else kind


def _order(deal: Deal) -> tuple[object, ...]:
    return deal.outcome_at, deal.source, deal.external_id
