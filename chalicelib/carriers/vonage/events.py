"""Vonage's webhooks as events. Numbers are in full without a plus; durations are seconds as text."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers.keypad_code import code_in
from chalicelib.carriers.parse_values import international, needed, seconds, zoned
from chalicelib.core import json_body
from chalicelib.core.errors import BadInput
from chalicelib.runtime.http import Request

# How a leg ended without talk.
ENDINGS = {
    "busy": CallStatus.BUSY,
    "cancelled": CallStatus.ABANDONED,
    "unanswered": CallStatus.MISSED,
    "timeout": CallStatus.MISSED,
    "rejected": CallStatus.FAILED,
    "failed": CallStatus.FAILED,
}


LEG = "leg"  # the part of the URL for events of the leg that our answer forwards the call to


class Keys(msgspec.Struct):
    """What an `input` action heard."""

    digits: str | None = None


class WebhookPayload(msgspec.Struct):
    """An answer request, an event or a recording, as sent."""

    conversation_uuid: str | None = None
    uuid: str | None = None
    status: str | None = None
    direction: str | None = None
    caller: str | None = msgspec.field(name="from", default=None)
    called: str | None = msgspec.field(name="to", default=None)
    timestamp: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    duration: str | int | None = None
    reason: str | None = None
    detail: str | None = None
    recording_url: str | None = None
    recording_uuid: str | None = None
    conversation_uuid_from: str | None = None
    conversation_uuid_to: str | None = None
    dtmf: Keys | str | None = None  # a text in the older form of the action


def payload_of(request: Request) -> WebhookPayload:
    """Return the JSON body, or the query of a GET. Raises BadInput."""
    if request.method != "GET":
        return json_body.decode(request.body, WebhookPayload)
    try:
        return msgspec.convert({name: values[0] for name, values in request.query.items() if values}, WebhookPayload)
    except msgspec.ValidationError:
        raise BadInput("query", "is not an answer request") from None


def kind_of(payload: WebhookPayload) -> str:
    """Return the kind of a webhook: answer, input (the caller was asked for keys), event or record."""
    if payload.dtmf is not None:
        return "input"
    if payload.recording_url:
        return "record"
    return "event" if payload.status else "answer"


def read(payload: WebhookPayload, now: datetime, country: str) -> CallEvent:
    """Return the event of one webhook. Raises BadInput naming the field."""
    call_id = needed(payload.conversation_uuid or payload.conversation_uuid_from, "conversation_uuid")
    at = zoned(payload.timestamp, "timestamp") or now
    kind = kind_of(payload)
    if kind == "record":
        return _recorded(CallEvent(f"record-{payload.recording_uuid or ''}", call_id, at=at), payload)
    if kind == "input":
        code = code_in(payload.dtmf.digits if isinstance(payload.dtmf, Keys) else payload.dtmf)
        return CallEvent(f"input-{payload.uuid or ''}-{code or 'no-code'}", call_id, at=at, promo_code=code)
    if kind == "answer":
        needed(payload.called, "to")
        event = CallEvent(f"answer-{payload.uuid or ''}", call_id, at=at, started_at=at)
        return _with_parties(event, payload, country)
    name = f"{payload.direction or 'leg'}-{payload.uuid or ''}-{payload.status}-{payload.timestamp or ''}"
    event = _with_parties(CallEvent(name[:200], call_id, at=at), payload, country)
    return _of_status(event, payload, at)


def read_leg(payload: WebhookPayload, call_id: str, now: datetime, country: str) -> CallEvent:
    """Return the event of the leg that our answer forwarded the call to, in any conversation it is in by now.

    Its parties are the target and the number shown to it: neither is the call's. Its end is not the call's.
    """
    event = read(_of_call(payload, call_id), now, country)
    if event.leg is None:
        return event
    ended = event.left_at or event.ended_at
    event = replace(event, number=None, caller=None, direction=None, who=payload.called or "")
    return replace(event, ended_at=None, left_at=ended)


def _of_call(payload: WebhookPayload, call_id: str) -> WebhookPayload:
    """Return the payload as one of this call. A leg that joins it from its own conversation is no transfer."""
    moved_to = None if payload.conversation_uuid_to == call_id else payload.conversation_uuid_to
    return msgspec.structs.replace(payload, conversation_uuid=call_id, conversation_uuid_to=moved_to)


def _of_status(event: CallEvent, payload: WebhookPayload, at: datetime) -> CallEvent:
    incoming = payload.direction != "outbound"
    if not incoming:
        event = replace(
            event, leg=payload.uuid, who="", rang_at=at if payload.status in ("started", "ringing") else None
        )
    if payload.status == "started":
        return replace(event, started_at=at)
    if payload.status == "answered":
        # Vonage takes the caller's line when it runs our NCCO: only the other leg's answer is a person's.
        return replace(event, line_answered_at=at) if incoming else replace(event, answered_at=at)
    if payload.status == "completed":
        return _completed(event, payload, at, incoming)
    if payload.status == "transfer":
        moved = (("transferred_to", payload.conversation_uuid_to),) if payload.conversation_uuid_to else ()
        return replace(event, variables=moved)
    status, cause = ENDINGS.get(payload.status or ""), payload.detail or payload.reason or payload.status
    if status is None:  # ringing, human, machine, disconnected, or one that came after this was written
        return event
    event = replace(event, status=status, hangup_cause=cause)
    return replace(event, ended_at=at) if incoming else replace(event, left_at=at)


def _completed(event: CallEvent, payload: WebhookPayload, at: datetime, incoming: bool) -> CallEvent:
    """Add the end of a leg. `start_time` is when it was answered: its duration counts from there."""
    length = seconds(payload.duration, "duration") or 0
    began = zoned(payload.start_time, "start_time") if length else None
    ended = zoned(payload.end_time, "end_time") or at
    if incoming:
        cause = payload.detail or payload.reason
        return replace(event, line_answered_at=began, line_seconds=length, ended_at=ended, hangup_cause=cause)
    if began:
        return replace(event, answered_at=began, ended_at=ended)
    return replace(event, talk_seconds=length, ended_at=ended) if length else replace(event, left_at=ended)


def _recorded(event: CallEvent, payload: WebhookPayload) -> CallEvent:
    began, ended = zoned(payload.start_time, "start_time"), zoned(payload.end_time, "end_time")
    length = max(int((ended - began).total_seconds()), 0) if began and ended else None
    return replace(
        event,
        recording_id=payload.recording_uuid or None,
        recording_url=payload.recording_url,
        recording_seconds=length,
    )


def _with_parties(event: CallEvent, payload: WebhookPayload, country: str) -> CallEvent:
    outgoing = payload.direction == "outbound"
    ours, theirs = (payload.caller, payload.called) if outgoing else (payload.called, payload.caller)
    number, caller = international(ours, country), international(theirs, country)
    return replace(event, number=number, caller=caller, direction=Direction.OUT if outgoing else Direction.IN)
