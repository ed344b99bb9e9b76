"""The task: a file of spend becomes rows, each exactly once however often the file comes.

Rows of one file with the same natural key add up; a later file restates the keys it names and leaves the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from chalicelib.calls import changed_days_table
from chalicelib.core.clock import parse_time
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.import_report import MAX_REJECTED
from chalicelib.registry import snapshot
from chalicelib.reports.spend import spend_source, spend_table
from chalicelib.reports.spend.row import SpendRow, summed
from chalicelib.runtime import s3_imports


def from_drop(message: dict[str, Any], now: datetime) -> None:
    """Take in the files an S3 notification names (`drop/spend/<site_id>/…`). Raises StorageUnavailable."""
    at = _dropped_at(message, now)
    s3_imports.take(message, "spend", lambda site_id, _, raw: import_rows(site_id, "generic", raw, at))


def import_rows(site_id: str, source: str, raw: bytes, now: datetime) -> dict[str, Any]:
    """Import one file → `{"rows", "landed", "unchanged", "rejected": [{"line", "field", "reason"}]}`.

    `now` is when the file came: what a file that came later has stated stays. Good rows land even if others are bad.
    Raises NotFound for an unknown site, BadInput for an unknown source or a file that is no table.
    """
    site = snapshot.site_by_id(site_id, now)
    if site is None:
        raise NotFound("No such site.")
    good: list[SpendRow] = []
    rejected: list[dict[str, Any]] = []
    for line, row in spend_source(source).read(raw, site.currency):
        if isinstance(row, BadInput):
            rejected.append({"line": line, "field": row.field, "reason": row.reason})
        else:
            good.append(row)
    landed = _store(site_id, summed(good).values(), now)
    report = {
        "rows": len(good) + len(rejected),
        "landed": landed,
        "unchanged": len(good) - landed,  # stored already, or part of a row that landed
        "rejected": rejected[:MAX_REJECTED],
    }
    return report | ({"rejected_count": len(rejected)} if len(rejected) > MAX_REJECTED else {})


def _dropped_at(message: dict[str, Any], now: datetime) -> datetime:
    """When S3 took the file: a notice that comes again, late, must not undo what a newer file said."""
    records = message.get("Records", [])
    return parse_time(records[0]["eventTime"], field="eventTime") if records and "eventTime" in records[0] else now


def _store(site_id: str, rows: Iterable[SpendRow], stated_at: datetime) -> int:
    """Write what differs from what is stored and mark the days; how many rows landed.

    Days are marked even where nothing differs: an earlier try may have written its rows and died before marking.
    """
    by_day: dict[date, list[SpendRow]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row)
    landed = 0
    for day, stated in by_day.items():
        known = spend_table.rows_of_day(site_id, day)
        landed += spend_table.put(site_id, [row for row in stated if known.get(row.key_hash) != row], stated_at)
        changed_days_table.mark_changed(site_id, day)
    return landed
