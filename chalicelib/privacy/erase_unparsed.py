"""Erase signed webhooks that could not be parsed: they are stored as received, encrypted, with the number in them."""

from __future__ import annotations

from typing import Any

from chalicelib.calls import call_item
from chalicelib.carriers import spool_bucket
from chalicelib.carriers.unparsed_event import digest_of


def erase_of_call(item: call_item.Item) -> int:
    """Delete those of a call from the bucket, with old versions. Raises StorageUnavailable."""
    return sum(spool_bucket.delete_unparsed(*name) for name in _names(item))


def export_of_call(item: call_item.Item) -> list[dict[str, Any]]:
    """Return when each came; only the operator can read the event itself, in the bucket."""
    return [{"received_at": received_at.isoformat()} for _, received_at, _ in _names(item)]


def _names(item: call_item.Item) -> list[Any]:
    record = call_item.record_of(item)
    named = ((received, digest_of(event)) for received, event in record.events)
    return [(record.vendor, received, digest) for received, digest in named if digest]
