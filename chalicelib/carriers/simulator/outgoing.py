"""The business rings a customer from a tracking number, in the words of each carrier that reports it. Pure.

Exolve's events do not say who rings whom.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.carriers.simulator.calls import (
    DISPOSITIONS,
    MANGO_ENDINGS,
    PLIVO_ENDINGS,
    TWILIO_ENDINGS,
    VONAGE_ENDINGS,
    ZADARMA_ENDINGS,
    SimulatedCall,
    Step,
    iso,
    mango_record,
    plain,
    recording,
    telnyx_time,
    twilio_time,
    vonage_event,
    zadarma_record,
)

EMPLOYEE = "101"


def _generic(call: SimulatedCall) -> list[Step]:
    base = {"call_id": call.call_id, "direction": "out", "from": call.number, "to": call.caller}
    began = {"started_at": iso(call.started_at)}
    disposition = "ANSWERED" if call.talk_seconds else DISPOSITIONS[call.ending]
    end = {"event": "call.ended", "ended_at": iso(call.ended_at), "disposition": disposition, "hangup_cause": 16}
    end |= {"duration_sec": call.total_seconds, "talk_sec": call.talk_seconds, "answered_by": EMPLOYEE}
    steps: list[dict[str, Any]] = [base | began | {"event": "call.started"}]
    if call.talk_seconds:
        steps.append(base | began | {"event": "call.answered", "answered_at": iso(call.answered_at)})
    steps.append(base | began | end)
    if call.talk_seconds and call.recorded:
        steps.append(base | {"event": "recording", "recording_url": recording(call)})
    return [Step((), fields) for fields in steps]


def _twilio_like(call: SimulatedCall, timestamp: Callable[[datetime], str]) -> list[Step]:
    base = {"CallSid": call.call_id, "From": call.number, "To": call.caller, "Direction": "outbound-api"}
    base |= {"CallbackSource": "call-progress-events"}
    last = {"CallStatus": "completed", "CallDuration": str(call.talk_seconds)}
    if not call.talk_seconds:
        last = {"CallStatus": TWILIO_ENDINGS[call.ending], "CallDuration": "0"}
    states = [({"CallStatus": "initiated"}, call.started_at), ({"CallStatus": "ringing"}, call.started_at)]
    states += [({"CallStatus": "in-progress"}, call.answered_at)] if call.talk_seconds else []
    states.append((last, call.ended_at))
    return [
        Step(("status",), base | state | {"SequenceNumber": str(number), "Timestamp": timestamp(moment)})
        for number, (state, moment) in enumerate(states)
    ]


def _twilio(call: SimulatedCall) -> list[Step]:
    return _twilio_like(call, twilio_time)


def _telnyx(call: SimulatedCall) -> list[Step]:
    return _twilio_like(call, telnyx_time)


def _plivo(call: SimulatedCall) -> list[Step]:
    base = {"CallUUID": call.call_id, "From": call.number[1:], "To": call.caller[1:], "Direction": "outbound"}
    end = base | {"Event": "Hangup", "StartTime": plain(call.started_at), "EndTime": plain(call.ended_at)}
    if not call.talk_seconds:
        return [Step((), end | {"CallStatus": PLIVO_ENDINGS[call.ending], "Duration": "0"})]
    end |= {"CallStatus": "completed", "Duration": str(call.talk_seconds), "AnswerTime": plain(call.answered_at)}
    return [Step((), base | {"Event": "StartApp", "CallStatus": "in-progress"}), Step((), end)]


def _vonage(call: SimulatedCall) -> list[Step]:
    leg = {"conversation_uuid": call.call_id, "uuid": f"{call.call_id}-leg", "direction": "outbound"}
    leg |= {"from": call.number[1:], "to": call.caller[1:]}
    began, answered, ended = iso(call.started_at), iso(call.answered_at), iso(call.ended_at)
    steps = [vonage_event(leg, status, began) for status in ("started", "ringing")]
    if not call.talk_seconds:
        return [*steps, vonage_event(leg, VONAGE_ENDINGS[call.ending], ended)]
    lasted = {"start_time": answered, "end_time": ended, "duration": str(call.talk_seconds)}
    return [*steps, vonage_event(leg, "answered", answered), vonage_event(leg, "completed", ended, lasted)]


def _zadarma(call: SimulatedCall) -> list[Step]:
    began = plain(call.started_at.astimezone(ZoneInfo(call.time_zone)))
    base = {"pbx_call_id": call.call_id, "caller_id": call.number, "destination": call.caller[1:]}
    base |= {"internal": EMPLOYEE, "call_start": began}
    outcome = "answered" if call.talk_seconds else ZADARMA_ENDINGS[call.ending]
    end = base | {"event": "NOTIFY_OUT_END", "duration": str(call.talk_seconds or call.ring_seconds)}
    end |= {"disposition": outcome, "status_code": "16"}
    if call.talk_seconds and call.recorded:
        end |= zadarma_record(call) | {"is_recorded": "1"}
    return [Step((), base | {"event": "NOTIFY_OUT_START"}), Step((), end)]


def _mango(call: SimulatedCall) -> list[Step]:
    began, answered, ended = (int(each.timestamp()) for each in (call.started_at, call.answered_at, call.ended_at))
    parties = {"from": {"extension": EMPLOYEE, "number": call.target[1:]}, "to": {"number": call.caller[1:]}}
    summary = {"entry_id": call.call_id, "call_direction": 2, "line_number": call.number[1:], **parties}
    summary |= {"create_time": began, "talk_time": answered if call.talk_seconds else 0, "end_time": ended}
    summary |= {"entry_result": 1, "disconnect_reason": 1110 if call.talk_seconds else MANGO_ENDINGS[call.ending]}
    return [Step(("events", "summary"), summary), *mango_record(call)]


def _uis(call: SimulatedCall) -> list[Step]:
    base = {"call_session_id": call.call_id, "direction": "out", "contact_phone_number": call.caller[1:]}
    base |= {"virtual_phone_number": call.number[1:]}
    lengths = {"talk_time_duration": call.talk_seconds, "total_time_duration": call.total_seconds}
    end = base | lengths | {"event": "ended", "notification_timestamp": call.ended_at.timestamp()}
    end |= {"employee_full_name": "Reception", "employee_id": 1}
    return [Step((), base | {"event": "started", "notification_timestamp": call.started_at.timestamp()}), Step((), end)]


OUTGOING: dict[str, Callable[[SimulatedCall], list[Step]]] = {
    "generic": _generic,
    "mango": _mango,
    "plivo": _plivo,
    "telnyx": _telnyx,
    "twilio": _twilio,
    "uis": _uis,
    "vonage": _vonage,
    "zadarma": _zadarma,
}
