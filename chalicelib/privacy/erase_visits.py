"""Erase and export a visitor's touches, and erase the visitor from the calls that name them."""

from __future__ import annotations

from typing import Any

from chalicelib.calls import calls_table
from chalicelib.privacy import erase_calls
from chalicelib.privacy.types import Erasure, Person
from chalicelib.visits import visits_table


def erase(erasure: Erasure) -> int:
    """Delete all visits, once no call names the visitor any more. Raises StorageUnavailable."""
    deleted = 0
    for visitor in erasure.person.visitors:
        for call_id in visits_table.calls_naming(erasure.site_id, visitor):
            item = calls_table.item(erasure.site_id, call_id)
            if item is not None:
                erase_calls.erase_visitors(item, erasure, erasure.person.visitors)
        deleted += visits_table.forget(erasure.site_id, visitor)
    return deleted


def export(person: Person) -> list[dict[str, Any]]:
    """Return each browser's visits, oldest first. Raises StorageUnavailable."""
    return [
        {"visitor": visitor, "visits": visits_table.everything_of(person.site_id, visitor)}
        for visitor in person.visitors
    ]
