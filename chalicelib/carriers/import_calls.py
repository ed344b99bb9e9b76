"""Calls from a carrier's history: every good row lands as an event of its call, every bad one is reported.

An imported call goes the way of any other: through the queue to attribution, which asks who held its number then. What
a webhook reported of it counts before the import. It is not delivered anywhere: history is no news.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.calls import call_item, events_table
from chalicelib.calls.types import CallEvent
from chalicelib.carriers import our_call_id
from chalicelib.carriers.history import Format, format_of
from chalicelib.carriers.history.csv_files import rows_of
from chalicelib.carriers.history.csv_rows import Row, event_of, mark_legs
from chalicelib.core.csv_table import require
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.import_report import MAX_REJECTED
from chalicelib.pool.lending.find_holder import LEASES_REMEMBERED
from chalicelib.registry import snapshot
from chalicelib.runtime import s3_imports, sqs
from chalicelib.runtime.settings import settings

ENDPOINT = "history"  # the endpoint of calls that no webhook reported
FUTURE = timedelta(days=1)  # a call that begins later is a misread date


def from_drop(message: dict[str, Any], now: datetime) -> None:
    """Import the files an S3 notification names: `drop/calls/<site_id>/<vendor>-….csv`. Raises StorageUnavailable."""
    s3_imports.take(
        message, "calls", lambda site_id, name, raw: import_rows(site_id, name.partition("-")[0].lower(), raw, now)
    )


def import_rows(site_id: str, vendor: str, raw: bytes, now: datetime, *, zone: str | None = None) -> dict[str, Any]:
    """Import an export of a carrier's calls.

    Returns {"rows", "calls", "landed", "unchanged", "older_than_leases", "rejected": [{"line", "field", "reason"}]};
    importing the file again changes nothing. `zone` is of times that name none, else the site's. Raises NotFound for an
    unknown site, BadInput for an unknown vendor or a file that is no table, StorageUnavailable.
    """
    site, form = snapshot.site_by_id(site_id, now), format_of(vendor)
    if site is None:
        raise NotFound("No such site.")
    rejected: list[dict[str, Any]] = []
    rows, calls = _read(raw, form, zone or site.time_zone, site.country, now, rejected)
    landed = 0
    for carriers_id, events in calls.items():
        call_id = our_call_id(vendor, carriers_id)
        before = events_table.add_events(site_id, call_id, (vendor, ENDPOINT), events, now, hot=False)
        new = {call_item.EVENT + event.event_id for event in events} - before.keys()
        landed += len(new)
        if new or not _attributed(before):
            sqs.send(settings().attribute_queue, {"site_id": site_id, "call_id": call_id})
    report = {
        "rows": rows,
        "calls": len(calls),
        "landed": landed,
        "unchanged": rows - landed - len(rejected),
        "older_than_leases": sum(1 for events in calls.values() if _older_than_leases(events, now)),
        "rejected": sorted(rejected, key=lambda each: each["line"])[:MAX_REJECTED],
    }
    return report | ({"rejected_count": len(rejected)} if len(rejected) > MAX_REJECTED else {})


def _read(
    raw: bytes, form: Format, zone: str, country: str, now: datetime, rejected: list[dict[str, Any]]
) -> tuple[int, dict[str, list[CallEvent]]]:
    """Return the number of rows, and the events of the good ones by the carrier's id of the call."""
    by_call: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    rows = 0
    for line, row in rows_of(raw, form):
        rows += 1
        try:
            require(row, "call_id")
            by_call[row.get("leg_of") or row["call_id"]].append((line, row))
        except BadInput as error:
            rejected.append({"line": line, "field": error.field, "reason": error.reason})
    calls: dict[str, list[CallEvent]] = defaultdict(list)
    for carriers_id, of_call in by_call.items():
        marked = mark_legs((row for _, row in of_call), form)
        for (line, _), leg in zip(of_call, marked, strict=True):
            try:
                calls[carriers_id].append(_event(leg, form, zone, country, now))
            except BadInput as error:
                rejected.append({"line": line, "field": error.field, "reason": error.reason})
    return rows, {carriers_id: events for carriers_id, events in calls.items() if events}


def _event(row: Row, form: Format, zone: str, country: str, now: datetime) -> CallEvent:
    event = event_of(row, form, zone, country, settings().signing_key)
    if event.at and event.at - now > FUTURE:
        raise BadInput("started_at", "is in the future")
    return event


def _attributed(item: call_item.Item) -> bool:
    """Return whether attribution has seen all of the call's events: an import that died left some unqueued."""
    return int(item.get("folded", {}).get("N", 0)) >= sum(1 for name in item if name.startswith(call_item.EVENT))


def _older_than_leases(events: list[CallEvent], now: datetime) -> bool:
    return any(event.at and now - event.at > LEASES_REMEMBERED for event in events)
