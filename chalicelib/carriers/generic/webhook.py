"""The generic contract: signed JSON from Asterisk or any other PBX, one object per event of a call.

    {"event": "call.started" | "call.answered" | "call.ended" | "recording" | "digits",
     "call_id", "linked_id"?, "event_id"?, "direction": "in" | "out", "from", "to",
     "started_at", "answered_at", "ended_at", "duration_sec", "talk_sec", "wait_sec",
     "disposition", "hangup_cause", "answered_by", "recording_url", "recording_id", "recording_sec",
     "recording_channels", "variables", "digits"}

Times are ISO 8601 or seconds since 1970. `linked_id` is the call where `call_id` is one of its legs: a telephone of
the business that was rung. The call ends with its own `call.ended`, else when every leg has ended. The answer's
`forward_to` gives a PBX that asks for it the number to forward the call to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.keypad_code import VARIABLE, code_in
from chalicelib.core import clock, json_body
from chalicelib.core.errors import BadInput
from chalicelib.core.phone import parse_caller, parse_phone
from chalicelib.registry.types import Answering, Endpoint, ShownNumber
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.http import Answer

SIGNED_HEADERS = (webhook_signature.TIMESTAMP, webhook_signature.SIGNATURE)
EVENTS = ("call.started", "call.answered", "call.ended", "recording", "digits")
ANSWERING = ("ring_seconds", "show", "announcement", "whisper")
MAX_SECONDS = 7 * 86_400
MAX_VARIABLES = 50

# Asterisk's dispositions and the plain words, in lower case; answered is decided by the talk time.
DISPOSITIONS = {
    "answered": CallStatus.ACCEPTED,
    "no answer": CallStatus.MISSED,
    "no-answer": CallStatus.MISSED,
    "missed": CallStatus.MISSED,
    "busy": CallStatus.BUSY,
    "failed": CallStatus.FAILED,
    "congestion": CallStatus.FAILED,
    "chanunavail": CallStatus.FAILED,
    "cancel": CallStatus.ABANDONED,
    "abandoned": CallStatus.ABANDONED,
}


class WebhookPayload(msgspec.Struct):
    """The JSON as sent."""

    event: str
    call_id: str
    event_id: str | None = None
    linked_id: str | None = None
    direction: Direction | None = None
    caller: str | None = msgspec.field(name="from", default=None)
    called: str | None = msgspec.field(name="to", default=None)
    started_at: str | float | None = None
    answered_at: str | float | None = None
    ended_at: str | float | None = None
    duration_sec: int | None = None
    talk_sec: int | None = None
    wait_sec: int | None = None
    disposition: str | None = None
    hangup_cause: int | str | None = None
    answered_by: str | None = None
    recording_url: str | None = None
    recording_sec: int | None = None
    recording_id: str | None = None
    recording_channels: Literal[1, 2] | None = None
    variables: dict[str, Any] | None = None
    digits: str | int | None = None


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the headers of our own scheme match the body."""
    request = hook.request
    webhook_signature.check(request.headers, request.body, endpoint.credentials.get("secret", ""), request.now)


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the one event of the body. Raises BadInput naming the field."""
    payload = json_body.decode(hook.request.body, WebhookPayload)
    if payload.event not in EVENTS:
        raise BadInput("event", f"is not one of {', '.join(EVENTS)}")
    if not payload.call_id:
        raise BadInput("call_id", "is empty")
    caller, number = _parties(payload, country)
    ended = payload.event == "call.ended"
    keyed = code_in(payload.digits)
    leg = payload.call_id if payload.linked_id and payload.linked_id != payload.call_id else None
    return (
        CallEvent(
            event_id=(payload.event_id or "-".join(filter(None, (payload.event, payload.call_id, keyed))))[:200],
            call_id=payload.linked_id or payload.call_id,
            at=_happened(payload, endpoint) or (hook.request.now if payload.event == "digits" else None),
            direction=payload.direction,
            caller=caller,
            number=number,
            started_at=_time(payload.started_at, "started_at", endpoint),
            answered_at=_time(payload.answered_at, "answered_at", endpoint),
            ended_at=_time(payload.ended_at, "ended_at", endpoint) or (hook.request.now if ended else None),
            talk_seconds=_seconds(payload.talk_sec, "talk_sec"),
            total_seconds=_seconds(payload.duration_sec, "duration_sec"),
            status=_status(payload.disposition) if ended else None,
            answered_by=payload.answered_by or None,
            hangup_cause=None if payload.hangup_cause is None else str(payload.hangup_cause),
            recording_id=(payload.recording_id or "")[:200] or None,
            recording_url=payload.recording_url or None,
            recording_channels=payload.recording_channels,
            recording_seconds=_seconds(payload.recording_sec, "recording_sec"),
            variables=_variables(payload.variables),
            promo_code=keyed or code_in((payload.variables or {}).get(VARIABLE)),
            wait_seconds=_seconds(payload.wait_sec, "wait_sec"),
            leg=leg,
            who=payload.answered_by or "" if leg else None,
            rang_at=_time(payload.started_at, "started_at", endpoint) if leg else None,
        ),
    )


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return `{"ok": true}`; for a call that starts, or while storage is down and this is not known, also `forward_to`.

    Beside that, each setting that differs from what a PBX does by itself: `record`, `ring_seconds`, `caller_id`,
    `announcement`, `whisper`, `language`.
    """
    if any(event.answered_at or event.ended_at or event.recording_url for event in events):
        return Answer({"ok": True})
    where = route()
    how, number = where.answering, next((event.number for event in events if event.number), None)
    wishes = {
        "record": where.record,
        "ring_seconds": how.ring_seconds if how.ring_seconds != Answering().ring_seconds else None,
        "caller_id": number if how.show is ShownNumber.TRACKING else None,
        "announcement": how.announcement,
        "whisper": how.whisper,
        "language": how.language,
    }
    given = {name: value for name, value in wishes.items() if value}
    return Answer({"ok": True, "forward_to": where.target_number} | given)


def _parties(payload: WebhookPayload, country: str) -> tuple[str | None, str | None]:
    """Return (the customer, our tracking number): the direction decides which of `from` and `to` is which."""
    outgoing = payload.direction is Direction.OUT
    ours, theirs = (payload.caller, payload.called) if outgoing else (payload.called, payload.caller)
    field = "from" if outgoing else "to"
    if not ours and payload.event in ("call.started", "call.ended"):
        raise BadInput(field, "is missing")
    number = parse_phone(ours, country=country, field=field).e164 if ours else None
    customer = parse_caller(theirs, country=country)
    return (customer.e164 if customer else None), number


def _happened(payload: WebhookPayload, endpoint: Endpoint) -> datetime | None:
    own = {"call.started": "started_at", "call.answered": "answered_at"}.get(payload.event, "ended_at")
    return _time(getattr(payload, own), own, endpoint)


def _time(value: str | float | None, field: str, endpoint: Endpoint) -> datetime | None:
    """Parse ISO 8601, or epoch seconds as a number or digits. Asterisk writes 0 or nothing for what did not happen."""
    if not value or value == "0":
        return None
    try:
        return clock.from_epoch(float(value), field=field)
    except ValueError:
        return clock.parse_time(_zoned(str(value), endpoint), field=field)


def _zoned(text: str, endpoint: Endpoint) -> str:
    """Return the text of a time; without a zone of its own it gets the endpoint's zone, if one is set."""
    if not endpoint.time_zone:
        return text
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return text if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(endpoint.time_zone)).isoformat()


def _seconds(value: int | None, field: str) -> int | None:
    if value is not None and not 0 <= value <= MAX_SECONDS:
        raise BadInput(field, "is out of range")
    return value


def _status(disposition: str | None) -> CallStatus | None:
    if not disposition:
        return None
    status = DISPOSITIONS.get(disposition.strip().lower())
    if status is None:
        raise BadInput("disposition", f"is not one of {', '.join(DISPOSITIONS)}")
    return status


def _variables(variables: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    pairs = sorted((name[:100], str(value)[:500]) for name, value in (variables or {}).items())
    return tuple(pairs[:MAX_VARIABLES])
