"""What counts as the answer of a customer's call, from whoever asked him. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.calls.evidence import AttributedCall, EvidenceKind
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.types import Direction
from chalicelib.deals.types import Deal

Answers = Mapping[str, SelfReported]  # by call id


def answers_in(deals: Iterable[Deal]) -> Answers:
    """The answer that each call's latest deal tells, of those that tell one."""
    told: dict[str, Deal] = {}
    for deal in deals:
        if deal.self_reported is None or deal.call_id is None:
            continue
        known = told.get(deal.call_id)
        if known is None or _order(deal) > _order(known):
            told[deal.call_id] = deal
    return {call_id: deal.self_reported for call_id, deal in told.items() if deal.self_reported}


def answer_of(attributed: AttributedCall, of_deals: Answers) -> SelfReported | None:
    """What was noted with a call, else what its deals tell; of a call that the business made none."""
    call = attributed.call
    if call.direction is Direction.OUT:
        return None
    return attributed.self_reported or of_deals.get(call.call_id)


def shown_kind(attributed: AttributedCall, answer: SelfReported | None) -> EvidenceKind:
    """What a call is shown as evidence of: of its answer only where nothing at all was measured.

    The evidence itself stays what it is, and with it the credit: `unknown`.
    """
    kind = attributed.evidence.kind
    return EvidenceKind.SELF_REPORTED if answer and kind is EvidenceKind.UNKNOWN else kind


def _order(deal: Deal) -> tuple[object, ...]:
    return deal.outcome_at, deal.source, deal.external_id
