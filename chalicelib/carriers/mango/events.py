"""Mango Office's notifications as events. Its samples mix numbers and text, so both are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers.keypad_code import code_in
from chalicelib.carriers.parse_values import Scalar, national, needed
from chalicelib.core import clock, json_body
from chalicelib.core.errors import BadInput

ZONE = "Europe/Moscow"  # of an account that names none
EARLY = timedelta(minutes=30)  # no event comes from further in the future
CALL_OVER = ("1100", "1110", "1120")  # caller or callee hung up: no other leg follows
REASONS = {  # disconnect_reason of a call without a talk; a code not listed goes by its class
    "1100": CallStatus.ABANDONED,
    "1110": CallStatus.ABANDONED,
    "1121": CallStatus.BUSY,
    "1122": CallStatus.BUSY,
    "1123": CallStatus.BUSY,
    "1164": CallStatus.BUSY,
}
CLASSES = (("113", CallStatus.FAILED), ("11", CallStatus.MISSED), ("", CallStatus.FAILED))


class Party(msgspec.Struct):
    """One side of a leg."""

    number: str | None = None
    extension: str | int | None = None
    line_number: str | None = None
    was_transferred: bool | int | str | None = None


class Tracking(msgspec.Struct):
    """Mango's own call tracking: the number it lent."""

    number: str | None = None


class WebhookPayload(msgspec.Struct):
    """A notification about a call, its end or its recording, as sent."""

    entry_id: str | None = None
    call_id: str | None = None
    seq: str | int | None = None
    timestamp: str | int | None = None
    call_state: str | None = None
    location: str | None = None
    caller: Party = msgspec.field(name="from", default_factory=Party)
    called: Party = msgspec.field(name="to", default_factory=Party)
    dct: Tracking = msgspec.field(default_factory=Tracking)
    line_number: str | None = None
    call_direction: str | int | None = None
    create_time: str | int | None = None
    talk_time: str | int | None = None
    end_time: str | int | None = None
    disconnect_reason: str | int | None = None
    recording_id: str | None = None
    recording_state: str | None = None
    completion_code: str | int | None = None
    extension: str | int | None = None
    dtmf: str | int | None = None  # what a menu gathered, as a whole


class Clock:
    """Mango's epochs: seconds since 1970 in UTC by its old papers, of Moscow's wall clock by the new.

    Events are never of the future, so one that is ahead of its receipt shows which.
    """

    def __init__(self, now: datetime, epoch: Scalar, zone: str | None) -> None:
        self._zone = ZoneInfo(zone or ZONE)
        first = _epoch(epoch)
        self._local = first is not None and first - now > EARLY

    def read(self, epoch: Scalar) -> datetime | None:
        """Return an epoch as aware UTC; None for 0 and for nothing. Raises BadInput."""
        moment = _epoch(epoch)
        return moment.replace(tzinfo=self._zone).astimezone(UTC) if moment and self._local else moment


def _call(raw: bytes, now: datetime, zone: str | None, country: str) -> CallEvent | None:
    payload = _decode(raw)
    if payload.caller.extension and payload.called.extension:  # two employees among themselves
        return None
    at = Clock(now, payload.timestamp, zone).read(payload.timestamp)
    name = f"call-{payload.call_id or ''}-{payload.seq or payload.call_state}"
    event = CallEvent(name[:200], needed(payload.entry_id, "entry_id"), at=at)
    event = _with_parties(event, payload, country, outgoing=bool(payload.caller.extension))
    if payload.location == "abonent" and payload.call_id:  # the others are the menu and the queue, where nothing rings
        event = replace(event, leg=payload.call_id, who=_extension(payload) or "")
    if payload.call_state == "Appeared":
        return replace(event, started_at=at, rang_at=at if event.leg else None)
    if payload.call_state == "Connected" and payload.location == "abonent":
        return replace(event, answered_at=at)
    return _left(event, payload) if payload.call_state == "Disconnected" else event


def _left(event: CallEvent, payload: WebhookPayload) -> CallEvent:
    """End a leg, and the call with it if one of the two hung up and the call was not passed on."""
    moved = payload.caller.was_transferred or payload.called.was_transferred
    reason = str(payload.disconnect_reason or "")
    event = replace(event, left_at=event.at if event.leg else None, hangup_cause=reason if event.leg else None)
    return replace(event, ended_at=event.at) if reason in CALL_OVER and not moved else event


def _summary(raw: bytes, now: datetime, zone: str | None, country: str) -> CallEvent | None:
    """Return the end of a call. `entry_result` may be 1 without a talk (Mango's own example): the talk decides."""
    payload = _decode(raw)
    if str(payload.call_direction) == "0":
        return None
    times = Clock(now, payload.end_time, zone)
    began, answered, ended = (times.read(each) for each in (payload.create_time, payload.talk_time, payload.end_time))
    reason = str(payload.disconnect_reason or "")
    event = CallEvent("summary", needed(payload.entry_id, "entry_id"), at=ended, started_at=began, ended_at=ended)
    event = _with_parties(event, payload, country, outgoing=str(payload.call_direction) == "2")
    event = replace(event, hangup_cause=reason or None, total_seconds=_between(began, ended))
    if answered is None:
        return replace(event, talk_seconds=0, status=_status(reason))
    accepted = replace(event, talk_seconds=_between(answered, ended), status=CallStatus.ACCEPTED)
    return replace(accepted, answered_at=answered, answered_by=_extension(payload))


def _recording(raw: bytes, now: datetime, zone: str | None, country: str) -> CallEvent:
    payload = _decode(raw)
    at = Clock(now, payload.timestamp, zone).read(payload.timestamp)
    recording_id = needed(payload.recording_id, "recording_id")
    name = f"recording-{recording_id}-{payload.recording_state or 'Added'}-{payload.seq or ''}"
    event = CallEvent(name[:200], needed(payload.entry_id, "entry_id"), at=at)
    saved = payload.recording_state is None or str(payload.completion_code) == "1000"
    return replace(event, recording_id=recording_id) if saved else event


def _dtmf(raw: bytes, now: datetime, zone: str | None, country: str) -> CallEvent | None:
    """Return the promo code that the caller keyed in a menu; None for any other keys."""
    payload = _decode(raw)
    code, at = code_in(payload.dtmf), Clock(now, payload.timestamp, zone).read(payload.timestamp)
    if code is None:
        return None
    return CallEvent(f"dtmf-{code}", needed(payload.entry_id, "entry_id"), at=at, promo_code=code)


# The path behind the endpoint's URL → what reads the json field.
READERS: dict[str, Callable[[bytes, datetime, str | None, str], CallEvent | None]] = {
    "events/call": _call,
    "events/summary": _summary,
    "events/recording": _recording,
    "events/record/added": _recording,
    "events/dtmf": _dtmf,
}


def _decode(raw: bytes) -> WebhookPayload:
    return json_body.decode(raw, WebhookPayload)


def _epoch(value: Scalar) -> datetime | None:
    if not value or value == "0":
        return None
    try:
        return clock.from_epoch(float(value), field="timestamp")
    except ValueError:
        raise BadInput("timestamp", "is not seconds since 1970") from None


def _between(began: datetime | None, ended: datetime | None) -> int | None:
    return max(int((ended - began).total_seconds()), 0) if began and ended else None


def _status(reason: str) -> CallStatus:
    if reason in REASONS or not reason:
        return REASONS.get(reason, CallStatus.MISSED)
    return next(status for start, status in CLASSES if reason.startswith(start))


def _extension(payload: WebhookPayload) -> str | None:
    """Return who talked for the business: their extension, else the number they were reached at."""
    employee = payload.caller if payload.caller.extension else payload.called
    return str(employee.extension or employee.number or "") or None


def _with_parties(event: CallEvent, payload: WebhookPayload, country: str, *, outgoing: bool) -> CallEvent:
    """Add our number, the customer and the direction. Where the line is a SIP address, other events have our number."""
    line = payload.line_number or payload.called.line_number or payload.caller.line_number or payload.dct.number
    number = national(line, country) or national(payload.dct.number, country)
    caller = national(payload.called.number if outgoing else payload.caller.number, country)
    return replace(event, number=number, caller=caller, direction=Direction.OUT if outgoing else Direction.IN)
