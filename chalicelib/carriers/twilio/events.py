"""Twilio's form fields as events. The fields are those Twilio documents; what a webhook leaves out stays None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers.keypad_code import code_in
from chalicelib.core.errors import BadInput
from chalicelib.core.phone import parse_caller, parse_phone

# How Twilio says a call, a leg or a <Dial> ended; `completed` alone does not say that there was a talk.
END_STATUSES = {
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.MISSED,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.ABANDONED,
}
ENDED = frozenset({"completed", *END_STATUSES})
# Withheld numbers, as a keypad spells ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE.
NOBODY = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
CHANNELS = {"1": 1, "2": 2, "single": 1, "dual": 2}  # by Twilio and by Telnyx

Form = Mapping[str, str]


def _incoming(form: Form, now: datetime, country: str) -> CallEvent:
    call_id = _need(form, "CallSid")
    number = parse_phone(_need(form, "To"), country=country, field="To").e164
    # The caller is on the line while Twilio asks: the call starts now.
    return CallEvent(
        f"incoming-{call_id}",
        call_id,
        at=now,
        started_at=now,
        number=number,
        caller=_caller(form, country),
        direction=Direction.IN,
    )


def _dial(form: Form, now: datetime, country: str) -> CallEvent:
    call_id, outcome = _need(form, "CallSid"), _need(form, "DialCallStatus")
    if outcome not in ENDED and outcome != "answered":
        raise BadInput("DialCallStatus", "is not a status Twilio documents")
    event = CallEvent(
        f"dial-{form.get('DialCallSid') or call_id}",
        call_id,
        at=now,
        number=_number(form, country),
        talk_seconds=_seconds(form, "DialCallDuration") or 0,
        status=END_STATUSES.get(outcome, CallStatus.ACCEPTED),
        ended_at=now,
        hangup_cause=outcome,
        caller=_caller(form, country),
        direction=Direction.IN,
    )
    return _with_recording(event, form)


def _status(form: Form, now: datetime, country: str) -> CallEvent:
    call_id, status = _need(form, "CallSid"), _need(form, "CallStatus")
    at = _moment(form, "Timestamp") or now
    outgoing = form.get("Direction", "").startswith("outbound")
    event = CallEvent(
        f"status-{form.get('SequenceNumber') or status}",
        call_id,
        at=at,
        number=None if outgoing else _number(form, country),
        total_seconds=_seconds(form, "CallDuration"),
        status=END_STATUSES.get(status),
        hangup_cause=form.get("SipResponseCode") if status in ENDED else None,
        caller=None if outgoing else _caller(form, country),
        direction=Direction.IN,
    )
    event = _outgoing(event, form, country) if outgoing else event
    return _ended(event) if status in ENDED else event


def _outgoing(event: CallEvent, form: Form, country: str) -> CallEvent:
    """Return the event of a call the business made by the API: the customer is in To, `CallDuration` is the talk."""
    status = _need(form, "CallStatus")
    number, customer = parse_caller(form.get("From"), country=country), parse_caller(form.get("To"), country=country)
    return replace(
        event,
        direction=Direction.OUT,
        number=number.e164 if number else None,
        caller=customer.e164 if customer else None,
        started_at=event.at if status in ("queued", "initiated") else None,
        answered_at=event.at if status == "in-progress" else None,
        talk_seconds=event.total_seconds if status == "completed" else None,
        total_seconds=None,
    )


def _leg(form: Form, now: datetime, country: str) -> CallEvent:
    """Return the event of the forwarded leg, to Twilio a call whose parent is the call. Its To is the target number."""
    leg_id, status = _need(form, "CallSid"), _need(form, "CallStatus")
    at = _moment(form, "Timestamp") or now
    event = CallEvent(f"leg-{leg_id}-{form.get('SequenceNumber') or status}", _need(form, "ParentCallSid"), at=at)
    event = replace(event, leg=leg_id, who=form.get("To", ""), rang_at=at if status == "ringing" else None)
    if status == "in-progress":
        return replace(event, answered_at=at)
    if status not in ENDED:
        return event
    talked = _seconds(form, "CallDuration") if status == "completed" else None
    return replace(event, status=END_STATUSES.get(status), talk_seconds=talked, ended_at=at)


def _recording(form: Form, now: datetime, country: str) -> CallEvent:
    recording_id, status = _need(form, "RecordingSid"), form.get("RecordingStatus", "completed")
    event = CallEvent(f"recording-{recording_id}-{status}", _need(form, "CallSid"), at=now)
    return _with_recording(event, form) if status == "completed" else event


def _digits(form: Form, now: datetime, country: str) -> CallEvent:
    """Return the promo code that a <Gather> heard, if it is one."""
    code = code_in(form.get("Digits"))
    return CallEvent(f"digits-{code or 'no-code'}", _need(form, "CallSid"), at=now, promo_code=code)


# The path part behind the endpoint's URL → what reads its form.
READERS: dict[str, Callable[[Form, datetime, str], CallEvent]] = {
    "incoming": _incoming,
    "dial": _dial,
    "status": _status,
    "leg": _leg,
    "recording": _recording,
    "digits": _digits,
}


def _ended(event: CallEvent) -> CallEvent:
    """Add the end of a call, and its start by `CallDuration`; `Duration` counts billed minutes."""
    if event.at is None or event.total_seconds is None:
        return replace(event, ended_at=event.at)
    return replace(event, ended_at=event.at, started_at=event.at - timedelta(seconds=event.total_seconds))


def _with_recording(event: CallEvent, form: Form) -> CallEvent:
    url = form.get("RecordingUrl")
    if not url:
        return event
    return replace(
        event,
        recording_id=form.get("RecordingSid") or url.rpartition("/")[2] or None,
        recording_url=url,
        recording_seconds=_seconds(form, "RecordingDuration"),
        recording_channels=CHANNELS.get(form.get("RecordingChannels", "")),
    )


def _caller(form: Form, country: str) -> str | None:
    sender = form.get("From")
    caller = None if sender in NOBODY else parse_caller(sender, country=country)
    return caller.e164 if caller else None


def _number(form: Form, country: str) -> str | None:
    return parse_phone(form["To"], country=country, field="To").e164 if form.get("To") else None


def _need(form: Form, field: str) -> str:
    if not form.get(field):
        raise BadInput(field, "is missing")
    return form[field]


def _seconds(form: Form, field: str) -> int | None:
    text = form.get(field)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise BadInput(field, "is not whole seconds")
    return int(text)


def _moment(form: Form, field: str) -> datetime | None:
    if not form.get(field):
        return None
    try:
        moment = parsedate_to_datetime(form[field])
    except ValueError:
        raise BadInput(field, "is not a date as in RFC 2822") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
