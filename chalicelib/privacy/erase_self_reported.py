"""Erase and export the self-reported sources of a person's deals; erase_calls.py erases those of their calls.

The words go; the channel and a digest that proves the words stay: reports count the answer as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chalicelib.calls import call_item, changed_days_table, self_reported_digest
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal
from chalicelib.privacy.types import Erasure, Person
from chalicelib.runtime.settings import settings


def erase(erasure: Erasure) -> int:
    """Remove the person's words from all their deals. Raises StorageUnavailable."""
    found = (deals_table.deals_of_caller(erasure.site_id, key) for key in erasure.person.subject_ids)
    return _forget(deal for deals in found for deal in deals)


def export(person: Person) -> list[dict[str, Any]]:
    """Return what they said, by deal. Raises StorageUnavailable."""
    found = (deals_table.deals_of_caller(person.site_id, key) for key in person.subject_ids)
    return [
        {"source": deal.source, "external_id": deal.external_id, "answer": deal.self_reported.answer}
        for deals in found
        for deal in deals
        if deal.self_reported
    ]


def erase_of_call(item: call_item.Item) -> int:
    """Remove the caller's words from the deals that are joined to a call. Raises StorageUnavailable."""
    (site_id, call_id), day = call_item.ids_of(item), call_item.day_of(item)
    return _forget(deal for deal in deals_table.deals_of_day(site_id, day) if deal.call_id == call_id) if day else 0


def export_of_call(item: call_item.Item) -> Any:
    """Return what was noted with the call, or null."""
    return msgspec.to_builtins(call_item.self_reported_of(item))


def _forget(deals: Iterable[Deal]) -> int:
    changed = 0
    for deal in deals:
        if deal.self_reported and deal.self_reported.answer:
            salt = self_reported_digest.salt_of(deal.site_id, settings().signing_key)
            changed += deals_table.replace_self_reported(deal, self_reported_digest.wordless(deal.self_reported, salt))
            changed_days_table.mark_all(deal.site_id, [deal.day])
    return changed
