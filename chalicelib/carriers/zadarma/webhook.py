"""Zadarma: forms of its cloud PBX, signed over three fields; the answer to NOTIFY_START forwards the call.

A call is redirected through a PBX extension whose forwarding number we rewrite: the part behind the endpoint's URL
names it (`…/101`; 100, the first of every PBX, where there is none). `…/notify` leaves the call to the PBX's own
scenario.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route, parse_form
from chalicelib.carriers.keypad_code import code_in
from chalicelib.carriers.parse_values import moment, national, needed, seconds
from chalicelib.core.errors import BadInput, SignatureRejected
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Answer, Request

SIGNED_HEADERS = ("signature",)
CREDENTIALS = ("secret",)
CALL_FIELDS = ("pbx_call_id",)
OPTIONAL_CREDENTIALS = ("key", "api_url")  # with the secret, the key fetches recordings
FIRST_EXTENSION = "100"
NO_REDIRECT = "notify"
_ECHO = re.compile(r"[\w.~=+/-]{1,200}", re.ASCII)

_CALL = ("caller_id", "called_did", "call_start")
_OUT = ("internal", "destination", "call_start")
SIGNED_FIELDS = {
    "NOTIFY_START": _CALL,
    "NOTIFY_INTERNAL": _CALL,
    "NOTIFY_IVR": _CALL,
    "NOTIFY_END": _CALL,
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": _OUT,
    "NOTIFY_OUT_END": _OUT,
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
DISPOSITIONS = {
    "answered": CallStatus.ACCEPTED,
    "busy": CallStatus.BUSY,
    "cancel": CallStatus.ABANDONED,
    "no answer": CallStatus.MISSED,
    "failed": CallStatus.FAILED,
    "no money": CallStatus.FAILED,
    "unallocated number": CallStatus.FAILED,
    "no limit": CallStatus.FAILED,
    "no day limit": CallStatus.FAILED,
    "line limit": CallStatus.FAILED,
}


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the account's secret signed the event's fields; BadInput for an unknown event."""
    form, secret = dict(parse_form.pairs(hook.request)), endpoint.credentials.get("secret", "")
    sent = hook.request.header("signature").encode()
    if not secret or not hmac.compare_digest(signature(form, secret).encode(), sent):
        raise SignatureRejected("The signature does not match.")


def signature(form: dict[str, str], secret: str) -> str:
    """Return Base64 of the hex HMAC-SHA1 (as PHP's hash_hmac gives it) over the signed fields. Raises BadInput."""
    signed = SIGNED_FIELDS.get(form.get("event", ""))
    if signed is None:
        raise BadInput("event", f"is not one of {', '.join(SIGNED_FIELDS)}")
    text = "".join(form.get(name, "") for name in signed)
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest().encode()).decode()


def echo(request: Request) -> Answer:
    """Repeat `zd_echo`, by which Zadarma checks a URL. Raises BadInput if it is not a plain word."""
    text = request.argument("zd_echo") or ""
    if not _ECHO.fullmatch(text):
        raise BadInput("zd_echo", "is missing or no plain word")
    return Answer(text, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the one event of the form. Raises BadInput naming the field."""
    form = dict(parse_form.pairs(hook.request))
    name, now = form["event"], hook.request.now
    call_id = needed(form.get("pbx_call_id"), "pbx_call_id")
    if name == "NOTIFY_RECORD":
        return (_recorded(CallEvent(_event_id(form), call_id, at=now), form),)
    began = moment(form.get("call_start"), "call_start", endpoint.time_zone)
    event = _with_parties(CallEvent(_event_id(form), call_id, at=began or now), form, country)
    if name in ("NOTIFY_START", "NOTIFY_OUT_START"):
        return (replace(event, started_at=began or now),)
    if name == "NOTIFY_INTERNAL":
        return (replace(event, leg=form.get("internal"), who=form.get("internal"), rang_at=began or now),)
    if name == "NOTIFY_ANSWER":
        who = form.get("internal") or form.get("destination")
        return (replace(event, leg=who, who=who, answered_at=now),)
    if name == "NOTIFY_IVR":
        code = code_in(form.get("wait_dtmf[digits]") or form.get("digits"))
        return (replace(event, event_id=f"{name}-{code or 'no-code'}", at=now, promo_code=code),)
    return (_ended(event, form, began, now),) if name in ("NOTIFY_END", "NOTIFY_OUT_END") else (event,)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Redirect a call that starts to the target number; everything else gets an empty answer."""
    redirect = hook.parts[0] if hook.parts else FIRST_EXTENSION
    starts = dict(parse_form.pairs(hook.request)).get("event") == "NOTIFY_START"
    target = route().target_number if starts and redirect != NO_REDIRECT else None
    if not target:
        return Answer({})
    return Answer({"redirect": redirect, "return_timeout": 0, "rewrite_forward_number": target})


def _event_id(form: dict[str, str]) -> str:
    """Return the id of an event. Several extensions may ring and answer one call, and a call has several recordings."""
    parts = ("event", "internal", "destination", "call_id_with_rec", "call_start")
    names = parts if form["event"] in ("NOTIFY_INTERNAL", "NOTIFY_ANSWER", "NOTIFY_RECORD") else parts[:1]
    return "-".join(form.get(part, "") for part in names)[:200]


def _ended(event: CallEvent, form: dict[str, str], began: datetime | None, now: datetime) -> CallEvent:
    """Add the end. `duration` is the length of the talk of an answered call, of the ringing of any other."""
    status = DISPOSITIONS.get(form.get("disposition", "").strip().lower())
    length = seconds(form.get("duration"), "duration") or 0
    talk = length if status is CallStatus.ACCEPTED else 0
    at = began + timedelta(seconds=length) if began else now
    event = replace(event, at=at, started_at=began, ended_at=now, talk_seconds=talk, status=status)
    event = replace(event, hangup_cause=form.get("status_code"))
    return _recorded(replace(event, answered_by=form.get("internal") or None) if talk else event, form)


def _recorded(event: CallEvent, form: dict[str, str]) -> CallEvent:
    """Add the recording's id, which Zadarma's API turns into a link when the recording is ready."""
    recording = form.get("call_id_with_rec") if form.get("is_recorded", "1") == "1" else None
    return replace(event, recording_id=recording) if recording else event


def _with_parties(event: CallEvent, form: dict[str, str], country: str) -> CallEvent:
    outgoing = form["event"].startswith("NOTIFY_OUT")
    ours, theirs = ("caller_id", "destination") if outgoing else ("called_did", "caller_id")
    number, caller = national(form.get(ours), country), national(form.get(theirs), country)
    return replace(event, number=number, caller=caller, direction=Direction.OUT if outgoing else Direction.IN)
