"""MTS Exolve: unsigned JSON. `getControlCallFollowMe` asks where a call goes; events report the rest.

The secret in the URL is the proof, with a list of addresses as a second one. The answer hands out the same URL for the
events. Durations are in milliseconds, numbers in full without a plus.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.address_allowlist import CREDENTIAL, check_source
from chalicelib.carriers.parse_values import MAX_SECONDS, international, needed, zoned
from chalicelib.core import json_body
from chalicelib.core.errors import BadInput
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Answer

SIGNED_HEADERS: tuple[str, ...] = ()
CREDENTIALS: tuple[str, ...] = ()
CALL_FIELDS = ("call_sid", "params.call_sid")
OPTIONAL_CREDENTIALS = (CREDENTIAL, "api_url", "api_key")  # the last two for recordings reported as a path
ROUTING = "getControlCallFollowMe"
ANSWERING = ("ring_seconds",)
# Q.850 causes of a call without a talk; the others are failures.
CAUSES = {
    "16": CallStatus.ABANDONED,  # cleared in the normal way before an answer: the caller gave up
    "17": CallStatus.BUSY,
    "18": CallStatus.MISSED,
    "19": CallStatus.MISSED,
    "21": CallStatus.BUSY,
    "": CallStatus.MISSED,
}


class Params(msgspec.Struct):
    """Whom a call is for and who makes it."""

    sip_id: str | int | None = None
    caller: str | int | None = msgspec.field(name="numberA", default=None)
    call_sid: str | None = None


class WebhookPayload(msgspec.Struct):
    """A routing request or an event, as sent."""

    id: str | int | None = None
    method: str | None = None
    params: Params = msgspec.field(default_factory=Params)
    type: str | None = None
    call_sid: str | None = None
    caller: str | int | None = msgspec.field(name="from", default=None)
    called: str | int | None = msgspec.field(name="to", default=None)
    date_time: str | None = None
    duration: float | None = None
    talk_time: float | None = None
    wait_time: float | None = None
    cause_code: str | int | None = None
    path: str | None = None


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected for an address outside the endpoint's list."""
    check_source(hook, endpoint)


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the one event of the body. Raises BadInput naming the field."""
    payload, now = json_body.decode(hook.request.body, WebhookPayload), hook.request.now
    if payload.method is not None:
        return (_asked(payload, country, CallEvent("route", "", at=now, started_at=now)),)
    kind = needed(payload.type, "type")
    at = zoned(payload.date_time, "date_time") or now
    event = _with_parties(CallEvent(kind[:50], needed(payload.call_sid, "call_sid"), at=at), payload, country)
    if kind == "b":
        return (replace(event, started_at=at),)
    if kind == "s":
        return (replace(event, answered_at=at),)
    if kind == "d":
        return (_measured(event, payload),)
    if kind == "crr":
        return (_recorded(event, payload),)
    return (replace(event, ended_at=at),) if kind == "e" else (event,)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return where the call goes if the request asks for it; a receipt for events."""
    payload = json_body.decode(hook.request.body, WebhookPayload)
    if payload.method != ROUTING:
        return Answer({"ok": True})
    result: dict[str, Any] = {"redirect_type": 1, "event_URL": hook.endpoint_url, "event_extended": "Y", "masking": "N"}
    result["followme_struct"] = _followme(route())
    return Answer({"id": payload.id, "jsonrpc": "2.0", "sip_id": str(payload.params.sip_id or ""), "result": result})


def _followme(route: Route) -> list[Any]:
    if not route.target_number:
        return [0, []]
    step = {"I_FOLLOW_ORDER": 1, "ACTIVE": True, "NAME": "target", "REDIRECT_NUMBER": route.target_number.lstrip("+")}
    timeout = route.answering.ring_seconds
    return [1, [step | {"PERIOD": "always", "PERIOD_DESCRIPTION": "always", "TIMEOUT": timeout}]]


def _asked(payload: WebhookPayload, country: str, event: CallEvent) -> CallEvent:
    if payload.method != ROUTING:
        raise BadInput("method", f"is not {ROUTING}")
    called = needed(payload.params.sip_id, "params.sip_id")
    call_id = needed(payload.params.call_sid, "params.call_sid")
    number, caller = international(called, country), international(str(payload.params.caller or ""), country)
    return replace(event, call_id=call_id, number=number, caller=caller, direction=Direction.IN)


def _measured(event: CallEvent, payload: WebhookPayload) -> CallEvent:
    """Add the durations and the outcome of a call that ended."""
    talk, total = _seconds(payload.talk_time, "talk_time") or 0, _seconds(payload.duration, "duration")
    cause = str(payload.cause_code or "")
    status = CallStatus.ACCEPTED if talk else CAUSES.get(cause, CallStatus.FAILED)
    event = replace(event, ended_at=event.at, talk_seconds=talk, total_seconds=total)
    event = replace(event, wait_seconds=_seconds(payload.wait_time, "wait_time"))
    return replace(event, status=status, hangup_cause=cause or None)


def _recorded(event: CallEvent, payload: WebhookPayload) -> CallEvent:
    """Add the recording; `path` may be a link or a path below Exolve's own storage."""
    path = payload.path or ""
    if path.startswith("https://"):
        return replace(event, recording_url=path)
    return replace(event, recording_id=path or None)


def _with_parties(event: CallEvent, payload: WebhookPayload, country: str) -> CallEvent:
    number, caller = (
        international(str(payload.called or ""), country),
        international(str(payload.caller or ""), country),
    )
    return replace(event, number=number, caller=caller, direction=Direction.IN)


def _seconds(milliseconds: float | None, field: str) -> int | None:
    """Return whole seconds, rounded up: a talk of 400 ms was a talk."""
    if milliseconds is None:
        return None
    if not 0 <= milliseconds <= MAX_SECONDS * 1000:
        raise BadInput(field, "is out of range")
    return math.ceil(milliseconds / 1000)
