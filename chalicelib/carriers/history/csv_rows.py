"""One row of a carrier's export as an event of its call. Pure.

An imported event is one among those of its webhooks: the fold makes one call of them, and a webhook's values count
before it. Its id is made of what the row says, so the same row always is the same event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.calls.types import IMPORTED, CallEvent, CallStatus, Direction
from chalicelib.carriers.history import FIELDS, Format
from chalicelib.carriers.parse_values import international, national, seconds
from chalicelib.core import encryption
from chalicelib.core.csv_table import read_time, require
from chalicelib.core.errors import BadInput

CARRIED = ("gclid", "yclid", "ym_client_id", "ua_client_id")
EXTENSION_DIGITS = 6  # a number no longer than this is one of the business's own telephones
NO = frozenset({"", "0", "false", "no", "нет"})

Row = Mapping[str, str]


def mark_legs(rows: Iterable[Row], form: Format) -> list[Row]:
    """Return the rows of one call, its forwarded legs marked as such: outgoing rows beside an incoming one are legs."""
    listed = list(rows)
    directions = [_direction_or_none(row, form) for row in listed]
    if Direction.IN not in directions:
        return listed
    return [
        {**row, "leg_of": row["call_id"]} if direction is Direction.OUT and not row.get("leg_of") else row
        for row, direction in zip(listed, directions, strict=True)
    ]


def event_of(row: Row, form: Format, zone: str, country: str, signing_key: bytes) -> CallEvent:
    """Return the row's event; times without a zone are of `zone`, numbers without a prefix of `country`.

    Raises BadInput naming the field: what is missing, malformed, of a call that goes on, or between two employees.
    """
    require(row, "call_id", "started_at")
    if row.get("from_extension") and row.get("to_extension"):
        raise BadInput("to_extension", "two employees spoke among themselves")
    started_at = read_time(row["started_at"], form.zone or zone, field="started_at")
    event = CallEvent(
        event_id=IMPORTED + _digest(row, signing_key),
        call_id=row.get("leg_of") or row["call_id"],
        started_at=None if row.get("leg_of") else started_at,
        hangup_cause=row.get("hangup_cause") or None,
        recording_id=_first(row, "recording_id"),
        recording_url=_first(row, "recording_url"),
        variables=_carried(row),
    )
    event = _ended(event, row, form, zone, started_at)
    return event if row.get("leg_of") else _with_parties(event, row, form, country)


def _digest(row: Row, signing_key: bytes) -> str:
    content = "\x1f".join(f"{name}={row[name]}" for name in sorted(FIELDS.intersection(row)) if row[name])
    return encryption.digest(content.encode(), signing_key=signing_key, purpose="events")


def _ended(event: CallEvent, row: Row, form: Format, zone: str, started_at: datetime) -> CallEvent:
    status, talk, line = _talk(row, form)
    total = _seconds(row, "total", form)
    length = max(talk or 0, line or 0, total or 0)
    given_end = _moment(row, "ended_at", form, zone)
    ended_at = given_end or started_at + timedelta(seconds=length)
    answered_at = None if status else _moment(row, "answered_at", form, zone)
    if talk is None and answered_at:
        talk = max(int((ended_at - answered_at).total_seconds()), 0)
    if talk and answered_at is None and (given_end or total is not None):
        answered_at = ended_at - timedelta(seconds=talk)
    if talk is not None and status is None:
        status = CallStatus.ACCEPTED if talk else CallStatus.MISSED
    who = row.get("answered_by") or row.get("to_extension") or None
    return replace(
        event,
        at=ended_at,
        ended_at=ended_at,
        answered_at=answered_at,
        line_answered_at=started_at if line else None,
        talk_seconds=talk,
        line_seconds=line,
        total_seconds=line if total is None else total,
        status=status,
        answered_by=who if talk else None,
    )


def _talk(row: Row, form: Format) -> tuple[CallStatus | None, int | None, int | None]:
    """Return (how it ended without a talk, seconds of talk, seconds of the caller's open line). Raises BadInput."""
    status, talked = _status(row, form)
    # Mango writes 0 where nobody answered; UIS says that a call was lost even where an announcement took time.
    if status is None and (row.get("answered_at") == "0" or row.get("lost", "").lower() not in NO):
        status = CallStatus.MISSED
    if status:
        return status, 0, None
    talk, line = _seconds(row, "talk", form), _seconds(row, "line", form)
    if talk is None and line is None and not row.get("answered_at") and not talked:
        raise BadInput("talk", "the row says neither how long the talk was nor that there was none")
    if talk is None and row.get("leg_of"):
        return None, line, None  # of the forwarded leg all is talk
    return None, talk, line


def _status(row: Row, form: Format) -> tuple[CallStatus | None, bool]:
    """Return how a call without a talk ended, if the row says so, and whether the row says that there was a talk."""
    word = " ".join(row.get("status", "").lower().split())
    if word in form.unfinished:
        raise BadInput("status", "the call goes on: import it when it is over")
    return form.statuses.get(word), word in form.talked


def _with_parties(event: CallEvent, row: Row, form: Format, country: str) -> CallEvent:
    direction = _direction(row, form)
    ours, theirs = ("from", "to") if direction is Direction.OUT else ("to", "from")
    number = "number" if row.get("number") else ours
    caller = "caller" if row.get("caller") else theirs
    return replace(
        event,
        direction=direction,
        number=_number(row.get(number, ""), number, form, country),
        caller=_read(_bare(row.get(caller, "")), form, country),
    )


def _direction(row: Row, form: Format) -> Direction:
    word = " ".join(row.get("direction", "").lower().split())
    if word:
        found = form.directions.get(word)
        if found is None:
            raise BadInput("direction", f"is not one of {', '.join(form.directions)}")
        return found
    by_id = (direction for start, direction in form.id_directions.items() if row["call_id"].startswith(start))
    return next(by_id, Direction.OUT if row.get("from_extension") else Direction.IN)


def _direction_or_none(row: Row, form: Format) -> Direction | None:
    try:
        return None if row.get("leg_of") else _direction(row, form)
    except BadInput:  # the row is refused with this reason when it is read
        return None


def _number(text: str, field: str, form: Format, country: str) -> str | None:
    """Return our number; None for an extension or a SIP address. Raises BadInput for anything else."""
    found = _read(text, form, country)
    if found or not text or "@" in text or (text.isdigit() and len(text) <= EXTENSION_DIGITS):
        return found
    raise BadInput(field, "is not a telephone number")


def _read(text: str, form: Format, country: str) -> str | None:
    if text in form.nobody or (text.isdigit() and len(text) <= EXTENSION_DIGITS):
        return None
    return international(text, country) if form.in_full else national(text, country)


def _bare(text: str) -> str:
    """Return the number of `"Name" <79160000001>`."""
    return text.rpartition("<")[2].rstrip(">") if text.endswith(">") else text


def _moment(row: Row, field: str, form: Format, zone: str) -> datetime | None:
    text = row.get(field, "")
    return None if text in ("", "0", "null") else read_time(text, form.zone or zone, field=field)


def _seconds(row: Row, field: str, form: Format) -> int | None:
    """Parse a number, `mm:ss` or `h:mm:ss` to whole seconds. Raises BadInput naming the field."""
    text = row.get(field, "")
    if ":" in text:
        parts = text.split(":")
        if len(parts) > 3 or not all(part.isdigit() for part in parts):
            raise BadInput(field, "is not a duration")
        return seconds(sum(int(part) * 60**power for power, part in enumerate(reversed(parts))), field)
    if not text or form.per_second == 1:
        return seconds(text or None, field)
    try:
        return seconds(float(text) / form.per_second, field)
    except ValueError:
        raise BadInput(field, "is not a number") from None


def _carried(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple((name, value[:500]) for name in CARRIED if (value := row.get(name)))


def _first(row: Row, field: str) -> str | None:
    """Return the first of a list that Mango writes as `[a,b]`."""
    return row.get(field, "").strip("[]").partition(",")[0] or None
