"""Calls with legs, queues, holds and transfers, as each carrier reports them; and what such a call becomes.

Moments are seconds after NOW, when the call began. The caller hears a menu or a queue first where a carrier has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from chalicelib.calls.types import CallEvent, CallStatus
from chalicelib.carriers import Hook
from tests.carriers.carrier_examples import events, hook, later
from tests.requests import CALLER, NOW, STATIC, TARGET, rfc

ZONE = "Europe/Moscow"
IN = {"from": CALLER, "to": STATIC}


@dataclass(frozen=True, slots=True)
class Story:
    """One call's webhooks in their usual order, and what the call must be."""

    vendor: str
    hooks: tuple[Hook, ...]
    talk: int
    wait: int | None
    ring: int | None
    answered_by: str | None
    last_answered_by: str | None
    legs: tuple[tuple[str | None, int | None], ...]  # who, seconds of talk
    status: CallStatus = CallStatus.ACCEPTED

    @property
    def events(self) -> list[tuple[datetime, CallEvent]]:
        return events(self.vendor, *self.hooks, zone=ZONE)


def iso(seconds: float) -> str:
    return later(seconds).isoformat()


def epoch(seconds: float) -> int:
    return int(later(seconds).timestamp())


def form(fields: dict[str, Any], seconds: float, *parts: str) -> Hook:
    return hook(urlencode(fields), *parts, now=later(seconds))


# ---- Twilio: two telephones ring at once, the second takes the call -----------------------------------------------


def _twilio(fields: dict[str, Any], seconds: float, *parts: str) -> Hook:
    call = {"CallSid": "CA1", "From": CALLER, "To": STATIC, "Direction": "inbound"}
    return form(call | fields, seconds, *parts)


def _twilio_leg(leg: str, to: str, status: str, seconds: float, **more: str) -> Hook:
    fields = {"CallSid": leg, "ParentCallSid": "CA1", "To": to, "CallStatus": status, "Timestamp": rfc(later(seconds))}
    return _twilio(fields | more, seconds, "leg")


SECOND = "+74951112233"
TWILIO = Story(
    "twilio",
    (
        _twilio({"CallStatus": "ringing"}, 0),
        _twilio_leg("L1", TARGET, "ringing", 4),
        _twilio_leg("L2", SECOND, "ringing", 5),
        _twilio_leg("L2", SECOND, "in-progress", 12),
        _twilio_leg("L1", TARGET, "canceled", 12, CallDuration="0"),
        _twilio_leg("L2", SECOND, "completed", 42, CallDuration="30"),
        _twilio({"DialCallStatus": "completed", "DialCallSid": "L2", "DialCallDuration": "30"}, 42, "dial"),
        _twilio(
            {"CallStatus": "completed", "CallDuration": "42", "SequenceNumber": "3", "Timestamp": rfc(later(42))},
            42,
            "status",
        ),
        form({"CallSid": "CA1", "RecordingSid": "RE1", "RecordingUrl": "https://r.example/1"}, 50, "recording"),
    ),
    talk=30,
    wait=12,
    ring=8,
    answered_by=SECOND,
    last_answered_by=SECOND,
    legs=((TARGET, 0), (SECOND, 30)),
)


# ---- Telnyx Call Control: a leg that nobody answers, one that does, a blind transfer to a third -------------------


def _telnyx(kind: str, leg: str, seconds: float, **payload: str) -> Hook:
    fields = {"call_session_id": "S1", "call_leg_id": leg, **IN, **payload}
    data = {"event_type": f"call.{kind}", "id": f"{kind}-{leg}", "occurred_at": iso(seconds), "payload": fields}
    return hook({"data": data}, now=later(seconds))


TELNYX = Story(
    "telnyx",
    (
        _telnyx("initiated", "A", 0, direction="incoming", start_time=iso(0)),
        _telnyx("answered", "A", 1),
        _telnyx("initiated", "B", 5, direction="outgoing"),
        _telnyx("hangup", "B", 25, hangup_cause="timeout"),
        _telnyx("initiated", "C", 26, direction="outgoing"),
        _telnyx("answered", "C", 30),
        _telnyx("bridged", "C", 30),
        _telnyx("bridged", "A", 30),
        _telnyx("initiated", "D", 58, direction="outgoing"),
        _telnyx("hangup", "C", 60, hangup_cause="normal_clearing"),
        _telnyx("answered", "D", 65),
        _telnyx("hangup", "D", 105, hangup_cause="normal_clearing"),
        _telnyx("hangup", "A", 105, hangup_cause="normal_clearing"),
    ),
    talk=70,
    wait=30,
    ring=25,
    answered_by=None,
    last_answered_by=None,
    legs=((None, 0), (None, 30), (None, 40)),
)


# ---- Plivo: the first telephone is busy, the second answers -------------------------------------------------------


def _plivo(fields: dict[str, Any], seconds: float) -> Hook:
    return form({"CallUUID": "U1", "From": CALLER[1:], "To": STATIC[1:], "Direction": "inbound"} | fields, seconds)


def _plivo_leg(leg: str, to: str, action: str, seconds: float, **more: str) -> Hook:
    return _plivo({"DialBLegUUID": leg, "DialBLegTo": to[1:], "DialAction": action} | more, seconds)


PLIVO = Story(
    "plivo",
    (
        _plivo({"Event": "StartApp"}, 0),
        _plivo_leg("L1", TARGET, "hangup", 6, DialBLegDuration="0", DialBLegHangupCauseName="Busy Line"),
        _plivo_leg("L2", SECOND, "answer", 14),
        _plivo_leg("L2", SECOND, "hangup", 49, DialBLegDuration="35"),
        _plivo({"DialStatus": "completed", "DialBLegUUID": "L2"}, 49),
        _plivo(
            {"Event": "Hangup", "CallStatus": "completed", "Duration": "49", "HangupCauseName": "Normal Hangup"}, 49
        ),
    ),
    talk=35,
    wait=14,
    ring=14,
    answered_by=SECOND,
    last_answered_by=SECOND,
    legs=((TARGET, 0), (SECOND, 35)),
)


# ---- Vonage: two forwarded legs one after the other, then the conversation is moved -------------------------------


def _vonage(leg: str, status: str, seconds: float, direction: str = "outbound", **more: str) -> Hook:
    ours, theirs = (STATIC, CALLER) if direction == "inbound" else (TARGET, CALLER)
    fields = {"conversation_uuid": "CON-1", "uuid": leg, "to": ours[1:], "from": theirs[1:], "direction": direction}
    return hook(fields | {"status": status, "timestamp": iso(seconds)} | more, "event", now=later(seconds))


VONAGE = Story(
    "vonage",
    (
        hook({"conversation_uuid": "CON-1", "uuid": "A", "to": STATIC[1:], "from": CALLER[1:]}, now=later(0)),
        _vonage("A", "started", 0, "inbound"),
        _vonage("A", "answered", 0, "inbound"),
        _vonage("B", "started", 1),
        _vonage("B", "ringing", 2),
        _vonage("B", "unanswered", 22),
        _vonage("C", "ringing", 23),
        _vonage("C", "answered", 27),
        _vonage("C", "completed", 57, start_time=iso(27), end_time=iso(57), duration="30"),
        _vonage("A", "transfer", 57, "inbound", conversation_uuid_to="CON-2"),
        _vonage("A", "completed", 57, "inbound", start_time=iso(0), end_time=iso(57), duration="57"),
    ),
    talk=30,
    wait=27,
    ring=26,
    answered_by=None,
    last_answered_by=None,
    legs=((None, 0), (None, 30)),
)


# ---- Zadarma: a menu, two extensions ring, one answers and passes the call on --------------------------------------


def _local(seconds: float) -> str:
    from zoneinfo import ZoneInfo

    return later(seconds).astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S")


def _zadarma(name: str, seconds: float, began: float = 0, **more: str) -> Hook:
    fields = {"event": f"NOTIFY_{name}", "pbx_call_id": "in_1", "caller_id": CALLER, "call_start": _local(began)}
    did = {} if name == "ANSWER" else {"called_did": STATIC[1:]}
    return form(fields | did | more, seconds)


ZADARMA = Story(
    "zadarma",
    (
        _zadarma("START", 0),
        _zadarma("IVR", 2, ivr_saved="menu"),
        _zadarma("INTERNAL", 8, 8, internal="101"),
        _zadarma("INTERNAL", 8, 8, internal="102"),
        _zadarma("ANSWER", 15, internal="102", destination="102"),
        _zadarma("INTERNAL", 40, 40, internal="103"),
        _zadarma("ANSWER", 44, internal="103", destination="103"),
        _zadarma("END", 75, duration="60", disposition="answered", internal="103", status_code="16"),
        form({"event": "NOTIFY_RECORD", "pbx_call_id": "in_1", "call_id_with_rec": "1.1"}, 115),
    ),
    talk=60,
    wait=15,
    ring=7,
    answered_by="102",
    last_answered_by="103",
    legs=(("101", 0), ("102", None), ("103", None)),
)


# ---- Mango: menu, queue, two operators ring, one answers, holds, asks a third and passes the call to them ----------


def _mango(state: str, location: str, leg: str, seq: int, seconds: float, to: str | None = None, **more: Any) -> Hook:
    fields = {"entry_id": "E1", "call_id": leg, "seq": seq, "call_state": state, "location": location}
    fields |= {"timestamp": epoch(seconds), "from": {"number": CALLER[1:]} | more.pop("moved", {})}
    fields |= {"to": {"line_number": STATIC[1:]} | ({"extension": to} if to else {})} | more
    return _mango_form(fields, seconds, "call")


def _mango_form(fields: dict[str, Any], seconds: float, *parts: str) -> Hook:
    from json import dumps

    return form({"vpbx_api_key": "k", "sign": "s", "json": dumps(fields)}, seconds, "events", *parts)


MANGO = Story(
    "mango",
    (
        _mango("Appeared", "ivr", "I", 1, 0),
        _mango("Connected", "ivr", "I", 2, 0),
        _mango("Disconnected", "ivr", "I", 3, 6, disconnect_reason=1170),
        _mango("Appeared", "queue", "Q", 1, 6),
        _mango("Appeared", "abonent", "O1", 1, 10, "101"),
        _mango("Appeared", "abonent", "O2", 1, 10, "102"),
        _mango("Connected", "abonent", "O2", 2, 18, "102"),
        _mango("Disconnected", "abonent", "O1", 2, 18, "101", disconnect_reason=1111),
        _mango("Disconnected", "queue", "Q", 2, 18, disconnect_reason=1170),
        _mango("OnHold", "abonent", "O2", 3, 30, "102"),
        _mango("Appeared", "abonent", "O3", 1, 32, "103"),
        _mango("Connected", "abonent", "O3", 2, 36, "103"),
        _mango("Disconnected", "abonent", "O2", 4, 40, "102", disconnect_reason=1120, moved={"was_transferred": True}),
        _mango("Disconnected", "abonent", "O3", 3, 70, "103", disconnect_reason=1110),
        _mango_form(
            {
                "entry_id": "E1",
                "call_direction": 1,
                "from": {"number": CALLER[1:]},
                "to": {"extension": "102"},
                "line_number": STATIC[1:],
                "create_time": epoch(0),
                "talk_time": epoch(18),
                "end_time": epoch(70),
                "disconnect_reason": 1110,
            },
            70,
            "summary",
        ),
        _mango_form({"entry_id": "E1", "recording_id": "R1", "timestamp": epoch(75)}, 75, "record", "added"),
    ),
    talk=52,
    wait=18,
    ring=8,
    answered_by="102",
    last_answered_by="103",
    legs=(("101", 0), ("102", 22), ("103", 34)),
)


# ---- UIS: two employees ring, one answers, the call is passed to a third ------------------------------------------


def _uis(event: str, seconds: float, employee: tuple[int, str] | None = None, **more: Any) -> Hook:
    fields = {"event": event, "call_session_id": 77, "direction": "in", "virtual_phone_number": STATIC[1:]}
    fields |= {"contact_phone_number": CALLER[1:], "notification_timestamp": epoch(seconds)}
    if employee:
        fields |= {"employee_id": employee[0], "employee_full_name": employee[1]}
    return hook(fields | more, now=later(seconds))


UIS = Story(
    "uis",
    (
        _uis("started", 0),
        _uis("ringing", 5, (1, "Ivanova")),
        _uis("ringing", 5, (2, "Petrov")),
        _uis("answered", 14, (2, "Petrov")),
        _uis("left", 34, (2, "Petrov")),
        _uis("ringing", 35, (3, "Sidorova")),
        _uis("answered", 38, (3, "Sidorova")),
        _uis("left", 68, (3, "Sidorova")),
        _uis(
            "ended",
            68,
            (3, "Sidorova"),
            talk_time_duration=50,
            total_time_duration=68,
            wait_time_duration=14,
        ),
        _uis("recording", 80, file_link="https://r.example/1.mp3", file_duration=50),
    ),
    talk=50,
    wait=14,
    ring=9,
    answered_by="Petrov",
    last_answered_by="Sidorova",
    legs=(("Ivanova", 0), ("Petrov", 20), ("Sidorova", 30)),
)


# ---- Exolve: no legs; it counts the waiting itself ----------------------------------------------------------------


def _exolve(kind: str, seconds: float, **more: Any) -> Hook:
    fields = {"call_sid": "X1", "type": kind, "date_time": iso(seconds), "from": CALLER[1:], "to": STATIC[1:]}
    return hook(fields | more, now=later(seconds))


EXOLVE = Story(
    "exolve",
    (
        hook(
            {
                "method": "getControlCallFollowMe",
                "params": {"sip_id": STATIC[1:], "numberA": CALLER[1:], "call_sid": "X1"},
            },
            now=later(0),
        ),
        _exolve("b", 1),
        _exolve("s", 9),
        _exolve("d", 29, duration=28_000, wait_time=8_000, talk_time=20_000, cause_code="16"),
        _exolve("e", 29),
        _exolve("crr", 40, path="/recordings/1.mp3"),
    ),
    talk=20,
    wait=8,
    ring=9,
    answered_by=None,
    last_answered_by=None,
    legs=(),
)


# ---- a PBX: the call, an operator who answers, and one who hears of the caller before the call is passed on ----------


def _pbx(event: str, seconds: float, leg: str = "1.0", **more: Any) -> Hook:
    return hook({"event": event, "call_id": leg, "linked_id": "1.0", "direction": "in"} | IN | more, now=later(seconds))


GENERIC = Story(
    "generic",
    (
        _pbx("call.started", 0, started_at=iso(0)),
        _pbx("call.started", 6, "1.1", started_at=iso(6)),
        _pbx("call.answered", 16, "1.1", started_at=iso(6), answered_at=iso(16), answered_by="101"),
        _pbx("call.started", 40, "1.2", started_at=iso(40)),
        _pbx("call.answered", 44, "1.2", started_at=iso(40), answered_at=iso(44), answered_by="102"),
        _pbx("call.ended", 50, "1.1", answered_at=iso(16), ended_at=iso(50), talk_sec=34, disposition="ANSWERED"),
        _pbx("call.ended", 80, "1.2", answered_at=iso(44), ended_at=iso(80), talk_sec=36, disposition="ANSWERED"),
        _pbx("call.ended", 80, ended_at=iso(80), duration_sec=80, hangup_cause=16),
        _pbx("recording", 81, recording_url="https://r.example/1.mp3"),
    ),
    talk=64,
    wait=16,
    ring=10,
    answered_by="101",
    last_answered_by="102",
    legs=(("101", 34), ("102", 36)),
)

STORIES = {story.vendor: story for story in (EXOLVE, GENERIC, MANGO, PLIVO, TELNYX, TWILIO, UIS, VONAGE, ZADARMA)}
assert NOW.tzinfo is UTC
