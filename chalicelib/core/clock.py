"""Time, as an argument. Only `app.py` asks what time it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from chalicelib.core.errors import BadInput

HEADER = "x-callpath-time"


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def of_request(headers: Mapping[str, str], *, test_clock: bool) -> datetime:
    """Return the moment a request counts as made: now, or its `HEADER` where the stage allows a test clock."""
    simulated = headers.get(HEADER) if test_clock else None
    return parse_time(simulated, field=HEADER) if simulated else utc_now()


def parse_time(text: str, *, field: str) -> datetime:
    """Read ISO 8601 with a zone (`Z` or an offset) as aware UTC. Raises BadInput naming `field`."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(field, "not an ISO 8601 time") from None
    if moment.tzinfo is None or moment.tzinfo.utcoffset(moment) is None:
        raise BadInput(field, "has no time zone")
    return moment.astimezone(UTC)


def from_epoch(seconds: float, *, field: str) -> datetime:
    """Read seconds since 1970 as aware UTC, within the years a call can be of. Raises BadInput naming `field`."""
    if not 946_684_800 <= seconds <= 4_102_444_800:  # 2000 to 2100
        raise BadInput(field, "not a time in seconds since 1970")
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """Write a time as storage and JSON have it: `2026-11-22T09:52:08Z`, with milliseconds where there are any."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
