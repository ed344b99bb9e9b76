"""The CRM's webhooks: each card step by step, some twice, some the wrong way round. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from infra.demo.carrier_webhooks import our_id
from infra.demo.events import Deal, Person, Step, Story, day_of

Moment = tuple[Step, datetime]


def steps_by_day(story: Story) -> dict[date, dict[Deal, list[Moment]]]:
    """Return what the CRM sends by webhook: day → card → its steps in the order they are sent, each with when."""
    found: dict[date, dict[Deal, list[Moment]]] = defaultdict(lambda: defaultdict(list))
    for place, deal in enumerate(deal for deal in story.deals if not deal.by_file):
        sent = deal.steps * 2 if place % 8 == 0 else deal.steps[::-1] if place % 5 == 0 else deal.steps
        at = sent[0].at
        for step in sent:
            at = max(at, step.at)  # what is sent the wrong way round is sent late
            found[day_of(at)][deal].append((step, at))
    return found


def outcome_body(deal: Deal, step: Step, codes: Mapping[tuple[Person, str], str]) -> bytes:
    """Return one webhook's body. `codes` are the promo codes that pages showed, by visitor and address."""
    said = {
        "external_id": deal.key,
        "call_id": our_id(deal.call) if deal.call else None,
        "visitor_id": deal.person.browser if deal.contact else None,
        "promo_code": codes[deal.code_of.page] if deal.code_of else None,
        "phone": deal.person.phone if deal.with_phone else None,
        "outcome_at": step.at.isoformat(),
        "status": step.status,
        "amount": None if step.amount is None else str(step.amount),
        "gross_profit": None if step.gross_profit is None else str(step.gross_profit),
        "currency": "RUB",
        "self_reported": deal.answer.words if deal.answer else None,
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()
