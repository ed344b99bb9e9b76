"""The CRM's webhooks: each card step by step, some twice, some the wrong way round. Pure."""

from __future__ import annotations

import json
from datetime import datetime

from infra.demo.events import Story
from infra.demo.webhooks import our_id


def outcome_bodies(story: Story) -> list[list[tuple[datetime, bytes]]]:
    """For each card that the CRM tells by webhook, what it sends and when."""
    found = []
    for place, deal in enumerate(deal for deal in story.deals if deal.call):
        bodies = []
        for step in deal.steps:
            told = {
                "external_id": deal.key,
                "call_id": our_id(deal.call) if deal.call else None,
                "phone": deal.person.phone,
                "outcome_at": step.at.isoformat(),
                "status": step.status,
                "amount": None if step.amount is None else str(step.amount),
                "gross_profit": None if step.gross_profit is None else str(step.gross_profit),
                "currency": "RUB",
            }
            kept = {name: value for name, value in told.items() if value is not None}
            bodies.append((step.at, json.dumps(kept).encode()))
        found.append(bodies * 2 if place % 8 == 0 else bodies[::-1] if place % 5 == 0 else bodies)
    return found
