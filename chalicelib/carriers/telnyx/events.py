"""Telnyx's two kinds of webhooks as events: Call Control in JSON, TeXML as Twilio-like forms."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, parse_form
from chalicelib.carriers.keypad_code import code_in
from chalicelib.carriers.parse_values import moment, national, needed, zoned
from chalicelib.carriers.twilio.events import READERS
from chalicelib.core import json_body
from chalicelib.core.errors import BadInput

# How a leg ended without talk; the other causes (normal_clearing, time_limit, unspecified) do not say.
HANGUP_CAUSES = {
    "call_rejected": CallStatus.BUSY,
    "user_busy": CallStatus.BUSY,
    "no_answer": CallStatus.MISSED,
    "timeout": CallStatus.MISSED,
    "originator_cancel": CallStatus.ABANDONED,
    "not_found": CallStatus.FAILED,
}
TEXML_KINDS = ("dial", "status", "recording", "digits")


class Payload(msgspec.Struct):
    """The part of a Call Control payload we read."""

    call_session_id: str | None = None
    call_leg_id: str | None = None
    caller: str | None = msgspec.field(name="from", default=None)
    called: str | None = msgspec.field(name="to", default=None)
    direction: str | None = None
    start_time: str | None = None
    hangup_cause: str | None = None
    recording_id: str | None = None
    recording_urls: dict[str, str | None] | None = None
    channels: str | None = None
    digits: str | None = None
    recording_started_at: str | None = None
    recording_ended_at: str | None = None


class Data(msgspec.Struct):
    """One Call Control event."""

    event_type: str
    id: str
    occurred_at: str
    payload: Payload


class Envelope(msgspec.Struct):
    """The JSON as sent."""

    data: Data


def is_call_control(hook: Hook) -> bool:
    """Return whether the body is a Call Control event; TeXML is a form, in samples also a flat JSON object."""
    raw = hook.request.body.lstrip()
    return raw.startswith(b"{") and b'"data"' in raw


def call_control(hook: Hook, country: str) -> CallEvent:
    """Return the event of one JSON body. Raises BadInput naming the field."""
    data = json_body.decode(hook.request.body, Envelope).data
    at = zoned(needed(data.occurred_at, "data.occurred_at"), "data.occurred_at")
    payload = data.payload
    session = needed(payload.call_session_id, "data.payload.call_session_id")
    event = CallEvent(needed(data.id, "data.id")[:200], session, at=at, leg=payload.call_leg_id)
    event = _with_parties(event, payload, country)
    if data.event_type == "call.initiated":
        # Only this event says which leg is which: an outgoing one rings a telephone of the business.
        rang = at if payload.direction == "outgoing" and payload.call_leg_id else None
        return replace(event, started_at=zoned(payload.start_time, "data.payload.start_time") or at, rang_at=rang)
    if data.event_type in ("call.answered", "call.bridged"):
        return replace(event, line_answered_at=at)
    if data.event_type == "call.hangup":
        cause = payload.hangup_cause
        return replace(event, ended_at=at, hangup_cause=cause, status=HANGUP_CAUSES.get(cause or ""))
    if data.event_type == "call.gather.ended":
        return replace(event, promo_code=code_in(payload.digits))
    return _recorded(event, payload) if data.event_type == "call.recording.saved" else event


def texml_kind(hook: Hook) -> str:
    """Return `incoming`, or which callback it is: by the URL's last part, else by its fields. Raises BadInput."""
    if hook.parts:
        if len(hook.parts) > 1 or hook.parts[0] not in TEXML_KINDS:
            raise BadInput("path", f"is not one of {', '.join(TEXML_KINDS)}")
        return hook.parts[0]
    form = texml_form(hook)
    marks = {"RecordingSid": "recording", "DialCallStatus": "dial", "Digits": "digits", "CallbackSource": "status"}
    return next((kind for mark, kind in marks.items() if mark in form), "incoming")


def texml(hook: Hook, country: str) -> CallEvent:
    """Return the event of one TeXML request; its fields are Twilio's. Raises BadInput naming the field."""
    form = texml_form(hook)
    at = moment(form.get("Timestamp"), "Timestamp", "UTC")
    if at:
        form["Timestamp"] = format_datetime(at)
    event = READERS[texml_kind(hook)](form, hook.request.now, country)
    hangup_source = form.get("HangupSource")
    return replace(event, hangup_cause=event.hangup_cause or hangup_source) if event.ended_at else event


def texml_form(hook: Hook) -> dict[str, str]:
    """Return the fields of a TeXML request. Raises BadInput."""
    if hook.request.body.lstrip().startswith(b"{"):
        fields = json_body.decode(hook.request.body, dict[str, Any])
        return {name: str(value) for name, value in fields.items() if value is not None}
    return dict(parse_form.pairs(hook.request))


def _with_parties(event: CallEvent, payload: Payload, country: str) -> CallEvent:
    """Add the two numbers. Only a leg's first event has a direction; the others are taken as of an incoming call."""
    outgoing = payload.direction == "outgoing"
    ours, theirs = (payload.caller, payload.called) if outgoing else (payload.called, payload.caller)
    direction = {"incoming": Direction.IN, "outgoing": Direction.OUT}.get(payload.direction or "")
    return replace(event, number=national(ours, country), caller=national(theirs, country), direction=direction)


def _recorded(event: CallEvent, payload: Payload) -> CallEvent:
    urls = payload.recording_urls or {}
    url = urls.get("mp3") or urls.get("wav")
    began = zoned(payload.recording_started_at, "data.payload.recording_started_at")
    ended = zoned(payload.recording_ended_at, "data.payload.recording_ended_at")
    channels = {"single": 1, "dual": 2}.get(payload.channels or "")
    recorded = replace(event, recording_url=url, recording_seconds=_between(began, ended), recording_channels=channels)
    return replace(recorded, recording_id=payload.recording_id or None)


def _between(began: datetime | None, ended: datetime | None) -> int | None:
    return max(int((ended - began).total_seconds()), 0) if began and ended else None
