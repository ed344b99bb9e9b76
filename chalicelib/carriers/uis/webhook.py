"""UIS, CoMagic and CallGear: unsigned notifications whose body is the JSON template we give them (docs/carriers.md).

The secret in the URL is the proof, with a list of addresses as a second one. Calls are forwarded by the scenario set up
at UIS; nothing of the answer is read. Our templates name the event; without it the mnemonic and the fields show it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.address_allowlist import CREDENTIAL, check_source
from chalicelib.carriers.parse_values import Scalar, moment, national, needed, seconds
from chalicelib.core import clock, json_body
from chalicelib.core.errors import BadInput
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Answer, Request

SIGNED_HEADERS: tuple[str, ...] = ()
METHODS = ("GET", "POST")
CREDENTIALS: tuple[str, ...] = ()
CALL_FIELDS = ("call_session_id",)
OPTIONAL_CREDENTIALS = (CREDENTIAL,)
EVENTS = ("started", "ringing", "answered", "left", "ended", "lost", "recording")
CARRIED = ("scenario_name", "external_id", "ym_client_id", "ua_client_id", "gclid", "yclid")
Field = str | int | float | None


class WebhookPayload(msgspec.Struct):
    """A rendered template. Everything but the session is optional: accounts leave out what they do not need."""

    call_session_id: Field = None
    event: str | None = None
    notification_mnemonic: str | None = None
    notification_time: str | None = None
    notification_timestamp: Field = None
    start_time: str | None = None
    direction: str | None = None
    virtual_phone_number: Field = None
    contact_phone_number: Field = None
    employee_full_name: str | None = None
    employee_id: Field = None
    talk_time_duration: Field = None
    total_time_duration: Field = None
    wait_time_duration: Field = None
    lost_reason: str | None = None
    file_link: str | None = None
    file_duration: Field = None
    scenario_name: str | None = None
    external_id: Field = None
    ym_client_id: Field = None
    ua_client_id: Field = None
    gclid: str | None = None
    yclid: Field = None


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected for an address outside the endpoint's list."""
    check_source(hook, endpoint)


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the one event of the rendered template. Raises BadInput naming the field."""
    payload = _payload_of(hook.request)
    kind = _kind(payload)
    at = _at(payload, endpoint.time_zone) or hook.request.now
    call_id = needed(payload.call_session_id, "call_session_id")
    carried = tuple((name, str(value)[:500]) for name in CARRIED if (value := getattr(payload, name)) not in (None, ""))
    event = CallEvent(_event_id(kind, payload), call_id, at=at, variables=carried)
    event = _with_parties(event, payload, country)
    began = moment(payload.start_time, "start_time", endpoint.time_zone)
    if kind == "started":
        return (replace(event, started_at=began or at),)
    if kind in ("ringing", "answered", "left"):
        return (_of_employee(event, payload, kind, began),)
    if kind == "recording":
        length = seconds(payload.file_duration, "file_duration")
        return (replace(event, recording_url=payload.file_link or None, recording_seconds=length),)
    return (_ended(event, payload, began, lost=kind == "lost"),) if kind in ("ended", "lost") else (event,)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return a receipt."""
    return Answer({"ok": True})


def _payload_of(request: Request) -> WebhookPayload:
    if request.method != "GET":
        return json_body.decode(request.body, WebhookPayload)
    try:
        return msgspec.convert({name: values[0] for name, values in request.query.items() if values}, WebhookPayload)
    except msgspec.ValidationError as error:
        raise BadInput("query", str(error)) from None


def _kind(payload: WebhookPayload) -> str:
    """Return one of EVENTS, or `other`: by our own field, else by the template's link, durations or mnemonic."""
    if payload.event is not None:
        if payload.event not in EVENTS:
            raise BadInput("event", f"is not one of {', '.join(EVENTS)}")
        return payload.event
    mnemonic = (payload.notification_mnemonic or "").upper()
    if payload.file_link:
        return "recording"
    if "LOST" in mnemonic:
        return "lost"
    if payload.talk_time_duration is not None or payload.total_time_duration is not None or "CALL_FINISHED" in mnemonic:
        return "ended"
    return "other" if payload.start_time is None else "started"


def _at(payload: WebhookPayload, zone: str | None) -> datetime | None:
    if payload.notification_timestamp:
        return clock.from_epoch(_number(payload.notification_timestamp), field="notification_timestamp")
    return moment(payload.notification_time, "notification_time", zone)


def _number(value: Scalar) -> float:
    try:
        return float(value or 0)
    except ValueError:
        raise BadInput("notification_timestamp", "is not a number") from None


def _event_id(kind: str, payload: WebhookPayload) -> str:
    """Return the id of an event. An employee may be rung twice in one call, so their events have the moment in it."""
    moment = (
        payload.notification_timestamp or payload.notification_time if kind in ("ringing", "answered", "left") else None
    )
    return "-".join(str(part) for part in (kind, payload.employee_id or "", moment) if part is not None)[:200]


def _of_employee(event: CallEvent, payload: WebhookPayload, kind: str, began: datetime | None) -> CallEvent:
    """Add the leg of one employee, whose telephone rings, is answered, or is done with a call that may go on."""
    who = payload.employee_full_name or str(payload.employee_id or "")
    event = replace(event, leg=str(payload.employee_id or "") or who or None, who=who)
    if kind == "ringing":
        return replace(event, rang_at=event.at)
    if kind == "left":
        return replace(event, left_at=event.at)
    return replace(event, answered_at=event.at, started_at=began)


def _ended(event: CallEvent, payload: WebhookPayload, began: datetime | None, *, lost: bool) -> CallEvent:
    talk = seconds(payload.talk_time_duration, "talk_time_duration") or 0
    wait = seconds(payload.wait_time_duration, "wait_time_duration")
    total = seconds(payload.total_time_duration, "total_time_duration") or talk + (wait or 0)
    if began is None and event.at:
        began = event.at - timedelta(seconds=total)
    event = replace(event, started_at=began, ended_at=event.at, total_seconds=total, talk_seconds=0 if lost else talk)
    event = replace(event, wait_seconds=wait)
    if talk and not lost:
        return replace(event, status=CallStatus.ACCEPTED, answered_by=payload.employee_full_name)
    return replace(event, status=CallStatus.MISSED, hangup_cause=payload.lost_reason)


def _with_parties(event: CallEvent, payload: WebhookPayload, country: str) -> CallEvent:
    number = national(str(payload.virtual_phone_number or ""), country)
    caller = national(str(payload.contact_phone_number or ""), country)
    direction = {"in": Direction.IN, "out": Direction.OUT}.get((payload.direction or "").lower())
    return replace(event, number=number, caller=caller, direction=direction)
