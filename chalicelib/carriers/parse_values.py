"""What several carriers write in the same way: numbers without a plus, times without a zone, seconds as text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chalicelib.core import clock
from chalicelib.core.errors import BadInput
from chalicelib.core.phone import parse_caller

MAX_SECONDS = 7 * 86_400
Scalar = str | int | float | None


def international(text: str | None, country: str) -> str | None:
    """Return E.164 of a number written in full without its plus; None for `anonymous`, a SIP address, an extension."""
    digits = (text or "").strip()
    return national(f"+{digits}" if digits.isascii() and digits.isdigit() else digits, country)


def national(text: str | None, country: str) -> str | None:
    """Return E.164 of a number that may be written as people of `country` write it; None for anything else."""
    number = parse_caller(text, country=country)
    return number.e164 if number else None


def moment(text: str | None, field: str, zone: str | None) -> datetime | None:
    """Return an ISO time as aware UTC; one without a zone is of `zone`, or None without that. Raises BadInput."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(field, "is not a time") from None
    if parsed.tzinfo is None:
        return parsed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if zone else None
    return parsed.astimezone(UTC)


def zoned(text: str | None, field: str) -> datetime | None:
    """Return ISO 8601 with a zone as aware UTC; None for nothing. Raises BadInput naming the field."""
    return clock.parse_time(text, field=field) if text else None


def seconds(value: Scalar, field: str) -> int | None:
    """Return whole seconds of a number or a text; None for nothing. Raises BadInput naming the field."""
    if value is None or value == "":
        return None
    try:
        whole = int(float(value))
    except (ValueError, OverflowError):
        raise BadInput(field, "is not a number of seconds") from None
    if not 0 <= whole <= MAX_SECONDS:
        raise BadInput(field, "is out of range")
    return whole


def needed(value: Scalar, field: str) -> str:
    """Return the value as text. Raises BadInput naming the field if there is none."""
    if value is None or value == "":
        raise BadInput(field, "is missing")
    return str(value)
