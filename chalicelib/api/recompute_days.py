"""Which days are counted anew when an account changes how its traffic is named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.calls import changed_days_table
from chalicelib.core.errors import BadInput
from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request

DAYS, MOST_DAYS = 31, 1100  # counted anew by default, and at most: as long as calls are kept


def asked_days(request: Request) -> int:
    """Return the argument `recompute_days`: how many days back are counted anew; 0: none. Raises BadInput."""
    return checked_days(request.argument("recompute_days", str(DAYS)) or "")


def checked_days(text: str, field: str = "recompute_days") -> int:
    """Read a number of days as a person writes it. Raises BadInput."""
    if not text.isdecimal() or int(text) > MOST_DAYS:
        raise BadInput(field, f"not a number of days from 0 to {MOST_DAYS}")
    return int(text)


def recompute(sites: Iterable[Site], back: int, now: datetime, *, since: date | None = None) -> dict[str, Any]:
    """Mark the last `back` days of each site, not before `since`; the next closing builds their facts, latest first.

    Answers {"days": how many were marked, "from": the first, or null}. Raises StorageUnavailable.
    """
    marks = [(site.site_id, day) for site in sites for day in _last_days(site, back, now) if day >= (since or date.min)]
    first = min((day for _, day in marks), default=None)
    return {"days": changed_days_table.mark_many(marks), "from": first.isoformat() if first else None}


def _last_days(site: Site, back: int, now: datetime) -> Iterable[date]:
    today = site.day_of(now)
    return (today - timedelta(days=ago) for ago in range(back))
