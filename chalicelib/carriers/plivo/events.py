"""Plivo's form fields as events. Times are UTC without a zone, numbers in full without a plus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers.keypad_code import code_in
from chalicelib.carriers.parse_values import international, moment, needed, seconds

Form = Mapping[str, str]

# CallStatus and DialStatus of a call that ended without talk; `completed` does not say.
ENDINGS = {
    "busy": CallStatus.BUSY,
    "failed": CallStatus.FAILED,
    "cancel": CallStatus.ABANDONED,
    "timeout": CallStatus.MISSED,
    "no-answer": CallStatus.MISSED,
}
HANGUP_CAUSES = {
    "ORIGINATOR_CANCEL": CallStatus.ABANDONED,
    "NO_ANSWER": CallStatus.MISSED,
    "NO_USER_RESPONSE": CallStatus.MISSED,
    "USER_BUSY": CallStatus.BUSY,
    "CALL_REJECTED": CallStatus.BUSY,
    "UNALLOCATED_NUMBER": CallStatus.FAILED,
}


def kind_of(form: Form) -> str:
    """Return the kind of a webhook: answer, leg (the forwarded one), dial (its end), digits, hangup, record, other."""
    if form.get("Event") == "Record" or "RecordUrl" in form:
        return "record"
    if "DialAction" in form:
        return "leg"
    if "DialStatus" in form:
        return "dial"
    if "Digits" in form:
        return "digits"
    return {"StartApp": "answer", "Hangup": "hangup"}.get(form.get("Event", ""), "other")


def read(form: Form, now: datetime, country: str) -> CallEvent:
    """Return the event of one form. Raises BadInput naming the field."""
    kind = kind_of(form)
    call_id = needed(form.get("CallUUID"), "CallUUID")
    if kind == "answer":
        return _with_parties(CallEvent(f"answer-{call_id}", call_id, at=now, started_at=now), form, country)
    if kind == "hangup":
        return _with_parties(_hangup(form, call_id, now), form, country)
    if kind == "leg":
        return _leg(form, call_id, now, country)
    if kind == "dial":
        status, cause = ENDINGS.get(form["DialStatus"]), form.get("DialHangupCause")
        return CallEvent(f"dial-{form.get('DialBLegUUID', '')}", call_id, at=now, status=status, hangup_cause=cause)
    if kind == "digits":
        code = code_in(form["Digits"])
        return CallEvent(f"digits-{code or 'no-code'}", call_id, at=now, promo_code=code)
    if kind == "record":
        return _recording(form, call_id, now)
    return CallEvent(f"other-{form.get('Event', '')}", call_id, at=now)


def _hangup(form: Form, call_id: str, now: datetime) -> CallEvent:
    """Return the end of the caller's line. Plivo may open it before the business answers, so these are its times."""
    began = moment(form.get("StartTime"), "StartTime", "UTC")
    answered = moment(form.get("AnswerTime"), "AnswerTime", "UTC")
    ended = moment(form.get("EndTime"), "EndTime", "UTC") or now
    status = ENDINGS.get(form.get("CallStatus", ""))
    if status is None and answered is None:
        status = HANGUP_CAUSES.get(form.get("HangupCause", ""))
    return CallEvent(
        f"hangup-{call_id}",
        call_id,
        at=ended,
        started_at=began,
        line_answered_at=answered,
        ended_at=ended,
        line_seconds=seconds(form.get("Duration"), "Duration") if answered else None,
        total_seconds=max(int((ended - began).total_seconds()), 0) if began else None,
        status=status,
        hangup_cause=form.get("HangupCauseName") or form.get("HangupCause"),
    )


def _leg(form: Form, call_id: str, now: datetime, country: str) -> CallEvent:
    action = form["DialAction"]
    leg_id, called = form.get("DialBLegUUID", ""), form.get("DialBLegTo")
    event = CallEvent(f"leg-{leg_id}-{action}", call_id, at=now, leg=leg_id or call_id)
    event = replace(event, who=international(called, country) or called or "")
    if action == "answer":
        return replace(event, answered_at=now)
    if action == "hangup":
        talked = seconds(form.get("DialBLegDuration"), "DialBLegDuration")
        return replace(event, talk_seconds=talked, left_at=now, hangup_cause=form.get("DialBLegHangupCauseName"))
    return event


def _recording(form: Form, call_id: str, now: datetime) -> CallEvent:
    url, length = form.get("RecordUrl") or None, form.get("RecordingDuration", "")
    event = CallEvent(f"record-{form.get('RecordingID') or call_id}-{length}", call_id, at=now, recording_url=url)
    event = replace(event, recording_id=form.get("RecordingID") or None)
    # -1 while the recording still runs
    return event if length.startswith("-") else replace(event, recording_seconds=seconds(length, "RecordingDuration"))


def _with_parties(event: CallEvent, form: Form, country: str) -> CallEvent:
    outgoing = form.get("Direction") == "outbound"
    ours, theirs = ("From", "To") if outgoing else ("To", "From")
    number = international(needed(form.get(ours), ours), country)
    caller = international(form.get(theirs), country)
    return replace(event, number=number, caller=caller, direction=Direction.OUT if outgoing else Direction.IN)
