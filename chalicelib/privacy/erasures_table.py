"""What is still to be forgotten, among the other lists of the days table: erasures under way, and how far retention is.

ERASURE    <site_id>#<erasure_id>   doc
RETENTION  <site_id>                day: the last one whose calls hold nothing personal any more
"""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.calls import days_table
from chalicelib.privacy.types import Erasure
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

ERASURES, RETENTION = "ERASURE", "RETENTION"


def put_erasure(erasure: Erasure) -> None:
    """Store an order, or how far it is. Raises StorageUnavailable."""
    days_table.put(ERASURES, f"{erasure.site_id}#{erasure.erasure_id}", "doc", msgspec.json.encode(erasure).decode())


def erasures(site_id: str | None = None) -> list[Erasure]:
    """Return the unfinished orders of one site or all, read consistently. Raises StorageUnavailable."""
    found = days_table.rows(ERASURES, f"{site_id}#" if site_id else "")
    return [msgspec.json.decode(item["doc"]["S"], type=Erasure) for item in found]


def finish(erasure: Erasure) -> None:
    """Delete the order itself. Raises StorageUnavailable."""
    with aws.storage_errors():
        key = days_table.key_of(ERASURES, f"{erasure.site_id}#{erasure.erasure_id}")
        days_table.client().delete_item(TableName=settings().days_table, Key=key)


def retained_until() -> dict[str, date]:
    """Return site id → the last day that retention has gone through. Raises StorageUnavailable."""
    return {item["sk"]["S"]: date.fromisoformat(item["day"]["S"]) for item in days_table.rows(RETENTION, "")}


def set_retained(site_id: str, day: date) -> None:
    """Note how far retention is. Raises StorageUnavailable."""
    days_table.put(RETENTION, site_id, "day", day.isoformat())
