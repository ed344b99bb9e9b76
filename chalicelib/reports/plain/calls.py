"""Read a row as a call with its evidence. Pure; docs/plain-files.md lists the fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.calls.evidence import Evidence, EvidenceKind
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.self_reported_words import HEADINGS, parse
from chalicelib.calls.types import Call, CallStatus, Direction
from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_decimal
from chalicelib.core.phone import parse_caller, parse_phone
from chalicelib.reports.plain.cells import Cells, Reader, text_of
from chalicelib.reports.plain.sources import own_source
from chalicelib.visits.classify_source import classify
from chalicelib.visits.types import Touch

# Our field → other names it goes by, besides its own.
CALL_FIELDS = {
    "caller": ("from", "phone"),
    "number": ("to",),
    "talk_seconds": ("talk_sec", "billsec"),
    "total_seconds": ("duration_sec", "duration"),
    "status": ("disposition",),
    "manager": ("answered_by",),
    "self_reported": HEADINGS,
}
STATUSES = {
    "answered": CallStatus.ACCEPTED,
    "accepted": CallStatus.ACCEPTED,
    "completed": CallStatus.ACCEPTED,
    "busy": CallStatus.BUSY,
    "failed": CallStatus.FAILED,
    "congestion": CallStatus.FAILED,
    "abandoned": CallStatus.ABANDONED,
    "canceled": CallStatus.ABANDONED,
}
DIRECTIONS = {
    "in": Direction.IN,
    "inbound": Direction.IN,
    "incoming": Direction.IN,
    "out": Direction.OUT,
    "outbound": Direction.OUT,
    "outgoing": Direction.OUT,
}


def call_of(line: int, cells: Cells, reader: Reader) -> tuple[Call, Evidence]:
    """One call and what is known of its origin. Raises BadInput naming the field."""
    started_at = reader.moment(_required(cells, "started_at"), field="started_at")
    caller = text_of(cells, "caller", CALL_FIELDS)
    phone = parse_caller(caller, country=reader.country)
    talk_seconds = _talk_seconds(cells, reader)
    touches = _touches(cells, started_at, reader)
    call = Call(
        site_id="plain",
        call_id=text_of(cells, "call_id") or f"line-{line}",
        vendor=text_of(cells, "vendor") or "file",
        endpoint_id="",
        events=1,
        first_seen_at=started_at,
        started_at=started_at,
        direction=_direction(cells),
        caller_key=reader.caller_key(caller),
        caller_masked=phone.masked if phone else None,
        caller_sealed=None,
        number=_number(cells, reader),
        answered_at=None,
        ended_at=None,
        ring_seconds=None,
        talk_seconds=talk_seconds,
        status=_status(cells, talk_seconds),
        answered_by=text_of(cells, "manager", CALL_FIELDS) or None,
        hangup_cause=None,
        recording_url=None,
    )
    return call, _evidence(cells, touches)


def answer_in(cells: Cells) -> SelfReported | None:
    """Return the row's self-reported source, if it has one."""
    return parse(text_of(cells, "self_reported", CALL_FIELDS))


def _touches(cells: Cells, started_at: datetime, reader: Reader) -> tuple[Touch, ...]:
    listed = cells.get("touches")
    if listed:
        if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
            raise BadInput("touches", "not a list of objects")
        touches = [_touch(one, index, started_at, reader) for index, one in enumerate(listed)]
        return tuple(sorted((touch for touch in touches if touch.at <= started_at), key=lambda touch: touch.at))
    if own_source(cells) is None and not text_of(cells, "url"):
        return ()
    return (_touch({**cells, "at": None}, 0, started_at, reader),)


def _touch(cells: Cells, index: int, started_at: datetime, reader: Reader) -> Touch:
    url, referrer = text_of(cells, "url"), text_of(cells, "referrer")
    at = cells.get("at")
    return Touch(
        at=reader.moment(at, field=f"touches[{index}].at") if at else started_at,
        url=url,
        referrer=referrer,
        region=text_of(cells, "region"),
        source=own_source(cells) or classify(url, referrer),
    )


def _evidence(cells: Cells, touches: tuple[Touch, ...]) -> Evidence:
    text = text_of(cells, "evidence").lower()
    if text and text not in list(EvidenceKind):
        raise BadInput("evidence", f"not one of {', '.join(EvidenceKind)}")
    kind = EvidenceKind(text) if text else EvidenceKind.LIVE if touches else EvidenceKind.UNKNOWN
    of_pool = bool(text) and kind is not EvidenceKind.STATIC
    return Evidence(kind, "as the file says", pool_id="file" if of_pool else None, touches=touches)


def _talk_seconds(cells: Cells, reader: Reader) -> int:
    """Return the row's own value, else from answer to end, else at least a second if the row says it was answered."""
    found = text_of(cells, "talk_seconds", CALL_FIELDS)
    if found:
        return _seconds(found, "talk_seconds")
    answered, ended = text_of(cells, "answered_at"), text_of(cells, "ended_at")
    if answered and ended:
        talk = reader.moment(ended, field="ended_at") - reader.moment(answered, field="answered_at")
        return max(int(talk.total_seconds()), 0)
    if _status_in(cells) is CallStatus.ACCEPTED:
        return max(_seconds(text_of(cells, "total_seconds", CALL_FIELDS) or "1", "duration_sec"), 1)
    return 0


def _seconds(text: str, field: str) -> int:
    number = parse_decimal(text, field=field)
    if number < 0:
        raise BadInput(field, "below zero")
    return int(number)


def _status_in(cells: Cells) -> CallStatus | None:
    return STATUSES.get(text_of(cells, "status", CALL_FIELDS).lower())


def _status(cells: Cells, talk_seconds: int) -> CallStatus:
    if talk_seconds > 0:
        return CallStatus.ACCEPTED
    found = _status_in(cells)
    return CallStatus.MISSED if found in (None, CallStatus.ACCEPTED) else found


def _direction(cells: Cells) -> Direction:
    found = text_of(cells, "direction").lower() or "in"
    if found not in DIRECTIONS:
        raise BadInput("direction", "not in or out")
    return DIRECTIONS[found]


def _number(cells: Cells, reader: Reader) -> str | None:
    """Return the tracking number in E.164; text that is no number stays as it is, to be counted by."""
    text = text_of(cells, "number", CALL_FIELDS)
    try:
        return parse_phone(text, country=reader.country).e164 if text else None
    except BadInput:
        return text


def _required(cells: Cells, field: str) -> str:
    text = text_of(cells, field)
    if not text:
        raise BadInput(field, "is missing")
    return text
