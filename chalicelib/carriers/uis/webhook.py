"""UIS, CoMagic and CallGear: unsigned notifications whose body is the JSON template we give them (docs/carriers.md).

The secret in the URL is the proof, with a list of addresses as a second one. Calls are forwarded by the scenario set up
at UIS; nothing of the answer is read. Our templates name the event; without it the mnemonic and the fields tell.
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


class Told(msgspec.Struct):
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
    """Raises SignatureRejected for an address outside the endpoint's list."""
    check_source(hook, endpoint)


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """The one event of the rendered template. Raises BadInput naming the field."""
    told = _told_by(hook.request)
    kind = _kind(told)
    at = _at(told, endpoint.time_zone) or hook.request.now
    call_id = needed(told.call_session_id, "call_session_id")
    carried = tuple((name, str(value)[:500]) for name in CARRIED if (value := getattr(told, name)) not in (None, ""))
    event = CallEvent(_event_id(kind, told), call_id, at=at, variables=carried)
    event = _with_parties(event, told, country)
    began = moment(told.start_time, "start_time", endpoint.time_zone)
    if kind == "started":
        return (replace(event, started_at=began or at),)
    if kind in ("ringing", "answered", "left"):
        return (_of_employee(event, told, kind, began),)
    if kind == "recording":
        length = seconds(told.file_duration, "file_duration")
        return (replace(event, recording_url=told.file_link or None, recording_seconds=length),)
    return (_ended(event, told, began, lost=kind == "lost"),) if kind in ("ended", "lost") else (event,)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """A receipt."""
    return Answer({"ok": True})


def _told_by(request: Request) -> Told:
    if request.method != "GET":
        return json_body.decode(request.body, Told)
    try:
        return msgspec.convert({name: values[0] for name, values in request.query.items() if values}, Told)
    except msgspec.ValidationError as error:
        raise BadInput("query", str(error)) from None


def _kind(told: Told) -> str:
    """One of EVENTS, or `other`: by our own field, else by the link, the durations or the mnemonic of the template."""
    if told.event is not None:
        if told.event not in EVENTS:
            raise BadInput("event", f"is not one of {', '.join(EVENTS)}")
        return told.event
    mnemonic = (told.notification_mnemonic or "").upper()
    if told.file_link:
        return "recording"
    if "LOST" in mnemonic:
        return "lost"
    if told.talk_time_duration is not None or told.total_time_duration is not None or "CALL_FINISHED" in mnemonic:
        return "ended"
    return "other" if told.start_time is None else "started"


def _at(told: Told, zone: str | None) -> datetime | None:
    if told.notification_timestamp:
        return clock.from_epoch(_number(told.notification_timestamp), field="notification_timestamp")
    return moment(told.notification_time, "notification_time", zone)


def _number(told: Scalar) -> float:
    try:
        return float(told or 0)
    except ValueError:
        raise BadInput("notification_timestamp", "is not a number") from None


def _event_id(kind: str, told: Told) -> str:
    """An employee may be rung twice in one call: then the moment tells the two apart."""
    moment = told.notification_timestamp or told.notification_time if kind in ("ringing", "answered", "left") else None
    return "-".join(str(part) for part in (kind, told.employee_id or "", moment) if part is not None)[:200]


def _of_employee(event: CallEvent, told: Told, kind: str, began: datetime | None) -> CallEvent:
    """One employee's telephone rings, is answered, or is done with the call, which may go on with another."""
    who = told.employee_full_name or str(told.employee_id or "")
    event = replace(event, leg=str(told.employee_id or "") or who or None, who=who)
    if kind == "ringing":
        return replace(event, rang_at=event.at)
    if kind == "left":
        return replace(event, left_at=event.at)
    return replace(event, answered_at=event.at, started_at=began)


def _ended(event: CallEvent, told: Told, began: datetime | None, *, lost: bool) -> CallEvent:
    talk = seconds(told.talk_time_duration, "talk_time_duration") or 0
    wait = seconds(told.wait_time_duration, "wait_time_duration")
    total = seconds(told.total_time_duration, "total_time_duration") or talk + (wait or 0)
    if began is None and event.at:
        began = event.at - timedelta(seconds=total)
    event = replace(event, started_at=began, ended_at=event.at, total_seconds=total, talk_seconds=0 if lost else talk)
    event = replace(event, wait_seconds=wait)
    if talk and not lost:
        return replace(event, status=CallStatus.ACCEPTED, answered_by=told.employee_full_name)
    return replace(event, status=CallStatus.MISSED, hangup_cause=told.lost_reason)


def _with_parties(event: CallEvent, told: Told, country: str) -> CallEvent:
    number = national(str(told.virtual_phone_number or ""), country)
    caller = national(str(told.contact_phone_number or ""), country)
    direction = {"in": Direction.IN, "out": Direction.OUT}.get((told.direction or "").lower())
    return replace(event, number=number, caller=caller, direction=direction)
