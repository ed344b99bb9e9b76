"""An incoming call that extension 101 answers and passes on to 102, in the words of the carriers that report it. Pure.

Twilio, Telnyx, Plivo, Vonage and Exolve forward a call to the target number: what happens behind it they do not see,
and they report it as any answered call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.carriers.simulator.calls import SimulatedCall, Step, iso, mango_record, plain, recording, zadarma_record

FIRST, SECOND = "101", "102"


def _generic(call: SimulatedCall) -> list[Step]:
    base = {"linked_id": call.call_id, "direction": "in", "from": call.caller, "to": call.number}
    whole = base | {"call_id": call.call_id, "started_at": iso(call.started_at)}
    one, two = base | {"call_id": f"{call.call_id}-1"}, base | {"call_id": f"{call.call_id}-2"}
    began, answered, passed, ended = (iso(each) for each in _moments(call))
    first = call.talk_seconds // 2
    lengths = {"duration_sec": call.total_seconds, "talk_sec": call.talk_seconds, "ended_at": ended}
    over = {"event": "call.ended", "disposition": "ANSWERED", "hangup_cause": 16}
    steps: list[dict[str, Any]] = [
        whole | {"event": "call.started"},
        one | {"event": "call.started", "started_at": began},
        one | {"event": "call.answered", "answered_at": answered, "answered_by": FIRST},
        two | {"event": "call.started", "started_at": passed},
        two | {"event": "call.answered", "answered_at": passed, "answered_by": SECOND},
        one | over | {"ended_at": passed, "talk_sec": first},
        two | over | {"ended_at": ended, "talk_sec": call.talk_seconds - first},
        whole | over | lengths,
    ]
    if call.recorded:
        steps.append(base | {"call_id": call.call_id, "event": "recording", "recording_url": recording(call)})
    return [Step((), fields) for fields in steps]


def _zadarma(call: SimulatedCall) -> list[Step]:
    zone = ZoneInfo(call.time_zone)
    began, answered, passed, _ = (plain(each.astimezone(zone)) for each in _moments(call))
    base = {"pbx_call_id": call.call_id, "caller_id": call.caller}
    did = base | {"called_did": call.number[1:]}
    end = did | {"event": "NOTIFY_END", "call_start": began, "duration": str(call.talk_seconds), "internal": SECOND}
    end |= {"disposition": "answered", "status_code": "16"}
    steps: list[dict[str, Any]] = [
        did | {"event": "NOTIFY_START", "call_start": began},
        did | {"event": "NOTIFY_INTERNAL", "call_start": began, "internal": FIRST},
        base | {"event": "NOTIFY_ANSWER", "call_start": answered, "internal": FIRST, "destination": FIRST},
        did | {"event": "NOTIFY_INTERNAL", "call_start": passed, "internal": SECOND},
        base | {"event": "NOTIFY_ANSWER", "call_start": passed, "internal": SECOND, "destination": SECOND},
        end | (zadarma_record(call) | {"is_recorded": "1"} if call.recorded else {}),
    ]
    if call.recorded:
        steps.append({"event": "NOTIFY_RECORD", "pbx_call_id": call.call_id} | zadarma_record(call))
    return [Step((), fields) for fields in steps]


def _mango(call: SimulatedCall) -> list[Step]:
    began, answered, passed, ended = (int(each.timestamp()) for each in _moments(call))

    def leg(state: str, to: str, seq: int, at: int, **more: Any) -> Step:
        caller = {"number": call.caller[1:]} | more.pop("moved", {})
        fields = {"entry_id": call.call_id, "call_id": f"{call.call_id}-{to}", "seq": seq, "call_state": state}
        fields |= {"timestamp": at, "location": "abonent", "from": caller}
        fields |= {"to": {"extension": to, "line_number": call.number[1:]}}
        return Step(("events", "call"), fields | more)

    summary = {"entry_id": call.call_id, "call_direction": 1, "from": {"number": call.caller[1:]}}
    summary |= {"to": {"extension": FIRST}, "line_number": call.number[1:], "create_time": began}
    summary |= {"talk_time": answered, "end_time": ended, "entry_result": 1, "disconnect_reason": 1110}
    return [
        leg("Appeared", FIRST, 1, began),
        leg("Connected", FIRST, 2, answered),
        leg("OnHold", FIRST, 3, passed),
        leg("Appeared", SECOND, 1, passed),
        leg("Connected", SECOND, 2, passed),
        leg("Disconnected", FIRST, 4, passed, disconnect_reason=1120, moved={"was_transferred": True}),
        leg("Disconnected", SECOND, 3, ended, disconnect_reason=1110),
        Step(("events", "summary"), summary),
        *mango_record(call),
    ]


def _uis(call: SimulatedCall) -> list[Step]:
    base = {"call_session_id": call.call_id, "direction": "in", "contact_phone_number": call.caller[1:]}
    base |= {"virtual_phone_number": call.number[1:]}
    began, answered, passed, ended = (each.timestamp() for each in _moments(call))

    def notification(event: str, at: float, employee: str = "") -> dict[str, Any]:
        who = {"employee_id": int(employee), "employee_full_name": employee} if employee else {}
        return base | {"event": event, "notification_timestamp": at} | who

    lengths = {"talk_time_duration": call.talk_seconds, "total_time_duration": call.total_seconds}
    steps = [
        notification("started", began),
        notification("ringing", began, FIRST),
        notification("answered", answered, FIRST),
        notification("left", passed, FIRST),
        notification("ringing", passed, SECOND),
        notification("answered", passed, SECOND),
        notification("left", ended, SECOND),
        notification("ended", ended, SECOND) | lengths | {"wait_time_duration": call.ring_seconds},
    ]
    if call.recorded:
        steps.append(base | {"event": "recording", "file_link": recording(call), "file_duration": call.talk_seconds})
    return [Step((), each) for each in steps]


def _moments(call: SimulatedCall) -> tuple[datetime, datetime, datetime, datetime]:
    return call.started_at, call.answered_at, call.passed_at, call.ended_at


TRANSFERS: dict[str, Callable[[SimulatedCall], list[Step]]] = {
    "generic": _generic,
    "mango": _mango,
    "uis": _uis,
    "zadarma": _zadarma,
}
