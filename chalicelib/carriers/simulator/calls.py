"""One incoming call in the words of each carrier: what it posts, where, in the usual order. Pure.

Calls that are passed on are in transfers.py, calls the business makes in outgoing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from chalicelib.calls.types import CallStatus


class SimulatedCall(Struct, frozen=True):
    """An incoming call to a tracking number, forwarded to the target number, or one that the business makes.

    With a talk of 0 nobody answers it, and it ends as `ending` says.
    """

    call_id: str
    caller: str  # E.164
    number: str
    target: str
    started_at: datetime
    ring_seconds: int = 5
    talk_seconds: int = 45
    time_zone: str = "UTC"  # of carriers that write local times
    ending: CallStatus = CallStatus.MISSED
    recorded: bool = True
    passed_on: bool = False  # half-way through the talk, from extension 101 to 102
    outgoing: bool = False  # the business rings `caller` from `number`

    @property
    def answered_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.ring_seconds)

    @property
    def passed_at(self) -> datetime:
        return self.answered_at + timedelta(seconds=self.talk_seconds // 2)

    @property
    def ended_at(self) -> datetime:
        return self.answered_at + timedelta(seconds=self.talk_seconds)

    @property
    def total_seconds(self) -> int:
        return self.ring_seconds + self.talk_seconds


class Step(Struct, frozen=True):
    """One webhook: the path parts behind the endpoint's URL, and the fields it posts."""

    parts: tuple[str, ...]
    fields: Mapping[str, Any]


# How each carrier says that a call ended without a talk. UIS says that it was lost, and not how.
MISSED, BUSY, ABANDONED, FAILED = CallStatus.MISSED, CallStatus.BUSY, CallStatus.ABANDONED, CallStatus.FAILED
DISPOSITIONS = {MISSED: "NO ANSWER", BUSY: "BUSY", ABANDONED: "CANCEL", FAILED: "FAILED"}
TWILIO_ENDINGS = {MISSED: "no-answer", BUSY: "busy", ABANDONED: "canceled", FAILED: "failed"}
PLIVO_ENDINGS = {MISSED: "no-answer", BUSY: "busy", ABANDONED: "cancel", FAILED: "failed"}
VONAGE_ENDINGS = {MISSED: "unanswered", BUSY: "busy", ABANDONED: "cancelled", FAILED: "failed"}
ZADARMA_ENDINGS = {MISSED: "no answer", BUSY: "busy", ABANDONED: "cancel", FAILED: "failed"}
MANGO_ENDINGS = {MISSED: 1111, BUSY: 1121, ABANDONED: 1110, FAILED: 1130}
EXOLVE_ENDINGS = {MISSED: "19", BUSY: "17", ABANDONED: "16", FAILED: "38"}


def _generic(call: SimulatedCall) -> list[Step]:
    base = {"call_id": call.call_id, "direction": "in", "from": call.caller, "to": call.number}
    times = {"started_at": iso(call.started_at)} | ({"answered_at": iso(call.answered_at)} if call.talk_seconds else {})
    lengths = {"duration_sec": call.total_seconds, "talk_sec": call.talk_seconds, "ended_at": iso(call.ended_at)}
    ending = {
        "event": "call.ended",
        "disposition": "ANSWERED" if call.talk_seconds else DISPOSITIONS[call.ending],
        "hangup_cause": 16,
    }
    started = base | {"event": "call.started", "started_at": iso(call.started_at)}
    steps: list[dict[str, Any]] = [started, base | times | lengths | ending]
    if call.talk_seconds:
        steps.insert(1, base | times | {"event": "call.answered", "answered_by": "101"})
    if call.talk_seconds and call.recorded:
        steps.append(base | {"event": "recording", "recording_url": recording(call)})
    return [Step((), fields) for fields in steps]


def _twilio_like(call: SimulatedCall, timestamp: Callable[[datetime], str]) -> list[Step]:
    base = {"CallSid": call.call_id, "From": call.caller, "To": call.number, "Direction": "inbound"}
    outcome = "completed" if call.talk_seconds else TWILIO_ENDINGS[call.ending]
    dial = {"CallStatus": "in-progress", "DialCallStatus": outcome, "DialCallSid": f"{call.call_id}-leg"}
    dial |= {"DialCallDuration": str(call.talk_seconds)} if call.talk_seconds else {}
    status = {"CallStatus": "completed", "CallDuration": str(call.total_seconds), "SequenceNumber": "3"}
    status |= {"CallbackSource": "call-progress-events", "Timestamp": timestamp(call.ended_at)}
    steps = [Step((), base | {"CallStatus": "ringing"}), Step(("dial",), base | dial), Step(("status",), base | status)]
    if call.talk_seconds and call.recorded:
        saved = {"CallSid": call.call_id, "RecordingSid": f"{call.call_id}-recording", "RecordingUrl": recording(call)}
        saved |= {"RecordingStatus": "completed", "RecordingDuration": str(call.talk_seconds)}
        steps.append(Step(("recording",), saved))
    return steps


def _twilio(call: SimulatedCall) -> list[Step]:
    return _twilio_like(call, twilio_time)


def _telnyx(call: SimulatedCall) -> list[Step]:
    return _twilio_like(call, telnyx_time)


def _plivo(call: SimulatedCall) -> list[Step]:
    base = {"CallUUID": call.call_id, "From": call.caller[1:], "To": call.number[1:], "Direction": "inbound"}
    leg = base | {"DialBLegUUID": f"{call.call_id}-leg", "DialBLegTo": call.target[1:]}
    talked = call.talk_seconds > 0
    ended = leg | {"Event": "DialHangup", "DialAction": "hangup", "DialBLegDuration": str(call.talk_seconds)}
    dial = leg | {
        "Event": "Redirect",
        "DialStatus": "completed" if talked else PLIVO_ENDINGS[call.ending],
        "DialRingStatus": "true",
    }
    hangup = base | {"Event": "Hangup", "CallStatus": "completed", "HangupCauseName": "Normal Hangup"}
    hangup |= {"StartTime": plain(call.started_at), "EndTime": plain(call.ended_at)}
    # The line is taken when the recording starts: an AnswerTime alone does not make a talk.
    hangup |= {"AnswerTime": plain(call.started_at), "Duration": str(call.total_seconds)}
    answered = [Step(("dial",), leg | {"Event": "DialAnswer", "DialAction": "answer"})] if talked else []
    steps = [Step((), base | {"Event": "StartApp", "CallStatus": "ringing"}), *answered]
    steps += [Step(("dial",), ended), Step(("dial",), dial), Step((), hangup)]
    if talked and call.recorded:
        saved = {"CallUUID": call.call_id, "Event": "Record", "RecordingID": "r1", "RecordUrl": recording(call)}
        steps.append(Step(("record",), saved | {"RecordingDuration": str(call.talk_seconds)}))
    return steps


def _vonage(call: SimulatedCall) -> list[Step]:
    line = {"conversation_uuid": call.call_id, "uuid": f"{call.call_id}-line", "from": call.caller[1:]}
    line |= {"to": call.number[1:]}
    leg = line | {"uuid": f"{call.call_id}-leg", "to": call.target[1:], "direction": "outbound"}
    leg_parts = ("leg", call.call_id)  # the URL in our answer for the forwarded leg's events
    incoming = line | {"direction": "inbound"}
    began, answered, ended = iso(call.started_at), iso(call.answered_at), iso(call.ended_at)
    steps = [Step((), line)]
    steps += [vonage_event(incoming, status, began) for status in ("started", "ringing", "answered")]
    steps += [vonage_event(leg, status, began, at=leg_parts) for status in ("started", "ringing")]
    if call.talk_seconds:
        steps.append(vonage_event(leg, "answered", answered, at=leg_parts))
        lasted = {"start_time": answered, "end_time": ended, "duration": str(call.talk_seconds)}
        steps.append(vonage_event(leg, "completed", ended, lasted, leg_parts))
    else:
        steps.append(vonage_event(leg, VONAGE_ENDINGS[call.ending], ended, at=leg_parts))
    if call.talk_seconds and call.recorded:
        saved = {"conversation_uuid": call.call_id, "recording_uuid": "r1", "recording_url": recording(call)}
        steps.append(Step(("record",), saved | {"start_time": answered, "end_time": ended, "timestamp": ended}))
    whole = {"start_time": began, "end_time": ended, "duration": str(call.total_seconds)}
    return [*steps, vonage_event(incoming, "completed", ended, whole)]


def vonage_event(
    leg: Mapping[str, Any],
    status: str,
    moment: str,
    more: Mapping[str, Any] | None = None,
    at: tuple[str, ...] = ("event",),
) -> Step:
    """Return what Vonage posts when a leg's state changes."""
    return Step(at, {**leg, "status": status, "timestamp": moment, **(more or {})})


def _zadarma(call: SimulatedCall) -> list[Step]:
    began = plain(call.started_at.astimezone(ZoneInfo(call.time_zone)))
    base = {"pbx_call_id": call.call_id, "caller_id": call.caller, "call_start": began}
    did = base | {"called_did": call.number[1:]}
    outcome = {"disposition": "answered" if call.talk_seconds else ZADARMA_ENDINGS[call.ending], "status_code": "16"}
    end = did | outcome | {"event": "NOTIFY_END", "duration": str(call.talk_seconds or call.ring_seconds)}
    steps = [did | {"event": "NOTIFY_START"}, did | {"event": "NOTIFY_INTERNAL", "internal": "100"}]
    if call.talk_seconds:
        steps.append(base | {"event": "NOTIFY_ANSWER", "destination": "100", "internal": "100"})
        end |= {"internal": "100"} | (zadarma_record(call) | {"is_recorded": "1"} if call.recorded else {})
    steps.append(end)
    if call.talk_seconds and call.recorded:
        steps.append({"event": "NOTIFY_RECORD", "pbx_call_id": call.call_id} | zadarma_record(call))
    return [Step((), fields) for fields in steps]


def zadarma_record(call: SimulatedCall) -> dict[str, str]:
    """Return the field that names the recording of a talk."""
    return {"call_id_with_rec": f"{call.call_id}.1"}


def _mango(call: SimulatedCall) -> list[Step]:
    began, answered, ended = (int(each.timestamp()) for each in (call.started_at, call.answered_at, call.ended_at))
    base: dict[str, Any] = {"entry_id": call.call_id, "call_id": f"{call.call_id}-leg"}
    base |= {"from": {"number": call.caller[1:]}, "location": "abonent"}
    base |= {"to": {"extension": "101", "number": call.target[1:], "line_number": call.number[1:]}}
    reason = 1110 if call.talk_seconds else MANGO_ENDINGS[call.ending]
    summary = {"entry_id": call.call_id, "call_direction": 1, "from": base["from"], "line_number": call.number[1:]}
    summary |= {"to": {"extension": "101", "number": call.target[1:]}, "create_time": began, "forward_time": began}
    summary |= {"talk_time": answered if call.talk_seconds else 0, "end_time": ended, "entry_result": 1}
    summary |= {"disconnect_reason": reason}
    steps = [Step(("events", "call"), base | {"call_state": "Appeared", "seq": 1, "timestamp": began})]
    if call.talk_seconds:
        steps.append(Step(("events", "call"), base | {"call_state": "Connected", "seq": 2, "timestamp": answered}))
    last = {"call_state": "Disconnected", "seq": 3, "timestamp": str(ended), "disconnect_reason": str(reason)}
    steps += [Step(("events", "call"), base | last), Step(("events", "summary"), summary)]
    return [*steps, *mango_record(call)]


def mango_record(call: SimulatedCall) -> list[Step]:
    """Return the event of a talk's recording, posted when it is ready; none for a call without one."""
    if not call.talk_seconds or not call.recorded:
        return []
    saved: dict[str, Any] = {"entry_id": call.call_id, "recording_id": f"{call.call_id}-recording"}
    saved |= {"timestamp": int(call.ended_at.timestamp()), "product_id": 1, "user_id": 1}
    return [Step(("events", "record", "added"), saved)]


def _uis(call: SimulatedCall) -> list[Step]:
    base = {"call_session_id": call.call_id, "direction": "in", "contact_phone_number": call.caller[1:]}
    base |= {"virtual_phone_number": call.number[1:]}
    lengths = {"talk_time_duration": call.talk_seconds, "total_time_duration": call.total_seconds}
    lengths |= {"wait_time_duration": call.ring_seconds}
    steps: list[dict[str, Any]] = [base | {"event": "started", "notification_timestamp": call.started_at.timestamp()}]
    end = base | lengths | {"notification_timestamp": call.ended_at.timestamp()}
    if not call.talk_seconds:
        return [Step((), fields) for fields in (*steps, end | {"event": "lost", "lost_reason": call.ending})]
    who = {"employee_full_name": "Reception", "employee_id": 1}
    steps.append(base | who | {"event": "answered", "notification_timestamp": call.answered_at.timestamp()})
    steps.append(end | who | {"event": "ended"})
    if call.recorded:
        steps.append(base | {"event": "recording", "file_link": recording(call), "file_duration": call.talk_seconds})
    return [Step((), fields) for fields in steps]


def _exolve(call: SimulatedCall) -> list[Step]:
    params = {"sip_id": call.number[1:], "numberA": call.caller[1:], "call_sid": call.call_id}
    asked = {"id": "1", "jsonrpc": "2.0", "method": "getControlCallFollowMe", "params": params}
    base = {"call_sid": call.call_id, "from": call.caller[1:], "to": call.number[1:]}
    figures = {"duration": call.total_seconds * 1000, "wait_time": call.ring_seconds * 1000}
    figures |= {"talk_time": call.talk_seconds * 1000}
    steps: list[dict[str, Any]] = [asked, base | {"type": "b", "date_time": iso(call.started_at)}]
    if call.talk_seconds:
        steps.append(base | {"type": "s", "date_time": iso(call.answered_at)})
    cause = {
        "type": "d",
        "cause_code": "16" if call.talk_seconds else EXOLVE_ENDINGS[call.ending],
        "date_time": iso(call.ended_at),
    }
    steps += [base | figures | cause, base | {"type": "e", "date_time": iso(call.ended_at)}]
    if call.talk_seconds and call.recorded:
        steps.append(base | {"type": "crr", "path": recording(call), "date_time": iso(call.ended_at)})
    return [Step((), fields) for fields in steps]


SEQUENCES: dict[str, Callable[[SimulatedCall], list[Step]]] = {
    "exolve": _exolve,
    "generic": _generic,
    "mango": _mango,
    "plivo": _plivo,
    "telnyx": _telnyx,
    "twilio": _twilio,
    "uis": _uis,
    "vonage": _vonage,
    "zadarma": _zadarma,
}


def recording(call: SimulatedCall) -> str:
    """Return a link to the recording of the talk."""
    return f"https://recordings.example.com/{call.call_id}.mp3"


def iso(moment: datetime) -> str:
    """Write a time as most APIs do."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def twilio_time(moment: datetime) -> str:
    """Write a time as Twilio does."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


def telnyx_time(moment: datetime) -> str:
    """Write a time as Telnyx does."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%fZ")


def plain(moment: datetime) -> str:
    """Write a time without its zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
