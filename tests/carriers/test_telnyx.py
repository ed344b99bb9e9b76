"""Telnyx: its known signature, the samples of both its products, and the TeXML that forwards a call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Route
from chalicelib.carriers.telnyx import webhook as telnyx
from chalicelib.core.clock import from_epoch
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import ENDPOINTS, URL, call, events, hook, sample, text, utc, vectors
from tests.requests import twiml

ENDPOINT = ENDPOINTS["telnyx"]
SENT_AT = from_epoch(1763805130, field="t")
SIGNED = sample("telnyx", "signed_request.json")
NAMES = ("initiated", "answered", "bridged", "hangup", "recording.saved", "cost")


def signed(**changes: Any) -> Any:
    return hook(SIGNED["body"], headers=SIGNED["headers"], now=SENT_AT, **changes)


def control(name: str, **payload: Any) -> Any:
    body = sample("telnyx", f"call.{name}.json")
    body["data"] |= {part: payload.pop(part) for part in ("id", "occurred_at") if part in payload}
    body["data"]["payload"] |= payload
    return hook(body)


def leg(name: str, leg_id: str, seconds: int, **payload: Any) -> Any:
    """An event of a leg that went out from the sample's call, so many seconds after 09:52:08."""
    at = (utc(2026, 11, 22, 9, 52, 8) + timedelta(seconds=seconds)).isoformat()
    return control(name, id=f"{leg_id}-{name}", occurred_at=at, call_leg_id=leg_id, **payload)


def test_the_signed_sample_and_the_known_vector_verify() -> None:
    telnyx.verify(signed(), ENDPOINT)
    (vector,) = vectors("telnyx")
    headers = {"telnyx-timestamp": vector["timestamp"], "telnyx-signature-ed25519": vector["signature_base64"]}
    endpoint = replace(ENDPOINT, credentials={"public_key": vector["public_key_base64"]})
    telnyx.verify(hook(vector["body"], headers=headers, now=SENT_AT), endpoint)


@pytest.mark.parametrize("off", [-300, 300])
def test_five_minutes_off_is_fine(off: int) -> None:
    telnyx.verify(hook(SIGNED["body"], headers=SIGNED["headers"], now=SENT_AT + timedelta(seconds=off)), ENDPOINT)


@pytest.mark.parametrize(
    ("headers", "body", "off"),
    [
        ({}, None, 301),
        ({}, None, -301),
        ({}, SIGNED["body"] + " ", 0),
        ({}, SIGNED["body"][:-20], 0),
        ({}, b"\xff\xfe", 0),
        ({}, b"", 0),
        ({"telnyx-timestamp": "1763805131"}, None, 0),
        ({"telnyx-timestamp": ""}, None, 0),
        ({"telnyx-signature-ed25519": ""}, None, 0),
        ({"telnyx-signature-ed25519": "not base64!"}, None, 0),
        ({"telnyx-signature-ed25519": "AAAA"}, None, 0),
    ],
)
def test_stale_changed_and_unsigned_requests_are_rejected(headers: dict[str, str], body: Any, off: int) -> None:
    request = hook(body if body is not None else SIGNED["body"], headers=SIGNED["headers"] | headers)
    request = replace(request, request=replace(request.request, now=SENT_AT + timedelta(seconds=off)))
    with pytest.raises(SignatureRejected):
        telnyx.verify(request, ENDPOINT)


@pytest.mark.parametrize("key", ["", "AAAA", "?", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR8="])
def test_a_missing_short_or_other_key_verifies_nothing(key: str) -> None:
    with pytest.raises(SignatureRejected):
        telnyx.verify(signed(), replace(ENDPOINT, credentials={"public_key": key}))


def test_the_samples_of_call_control_make_one_call() -> None:
    folded = call("telnyx", *(control(name) for name in NAMES), country="US")
    assert (folded.status, folded.direction) == (CallStatus.ACCEPTED, Direction.IN)
    assert (folded.caller_key, folded.number) == ("+12025550133", "+12025550131")
    assert folded.started_at == utc(2026, 11, 22, 9, 52, 8, 123456)
    assert folded.talk_seconds == 2  # hangup - answered
    assert folded.ring_seconds == 3
    assert folded.hangup_cause == "normal_clearing"
    assert folded.recording_url and "example.mp3" in folded.recording_url
    assert folded.events == len(NAMES)


def test_a_recording_has_its_length() -> None:
    ((_, event),) = events("telnyx", control("recording.saved"))
    assert event.recording_seconds == 58


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        ("originator_cancel", CallStatus.ABANDONED),
        ("user_busy", CallStatus.BUSY),
        ("call_rejected", CallStatus.BUSY),
        ("timeout", CallStatus.MISSED),
        ("no_answer", CallStatus.MISSED),
        ("not_found", CallStatus.FAILED),
        ("normal_clearing", CallStatus.MISSED),
        ("something new", CallStatus.MISSED),
    ],
)
def test_a_call_without_an_answer_says_why(cause: str, status: CallStatus) -> None:
    folded = call("telnyx", control("initiated"), control("hangup", hangup_cause=cause), country="US")
    assert (folded.status, folded.talk_seconds, folded.hangup_cause) == (status, 0, cause)


def test_a_second_target_that_answers_makes_the_call_answered() -> None:
    steps = [
        control("initiated"),
        leg("initiated", "leg-1", 1, direction="outgoing"),
        leg("hangup", "leg-1", 31, hangup_cause="no_answer"),
        leg("initiated", "leg-2", 32, direction="outgoing"),
        leg("answered", "leg-2", 40),
        leg("bridged", "leg-2", 41),
        leg("hangup", "leg-2", 70),
        control("hangup", id="line-end", occurred_at="2026-11-22T09:53:20.000000Z"),
    ]
    folded = call("telnyx", *steps, country="US")
    assert (folded.status, folded.talk_seconds, folded.direction) == (CallStatus.ACCEPTED, 30, Direction.IN)
    assert [(each.leg_id, each.talk_seconds) for each in folded.legs] == [("leg-1", 0), ("leg-2", 30)]
    assert folded.hangup_cause == "normal_clearing"
    assert call("telnyx", *steps[:-1], country="US").status is CallStatus.OPEN  # the caller is still on the line


def test_an_application_that_answers_and_finds_nobody_is_no_talk() -> None:
    steps = [
        control("initiated"),
        control("answered"),
        leg("initiated", "leg-1", 5, direction="outgoing"),
        leg("hangup", "leg-1", 35, hangup_cause="timeout"),
        control("hangup", occurred_at="2026-11-22T09:52:50.000000Z"),
    ]
    folded = call("telnyx", *steps, country="US")
    assert (folded.status, folded.talk_seconds, folded.answered_at) == (CallStatus.MISSED, 0, None)


def test_the_business_rings_out() -> None:
    ((_, event),) = events("telnyx", control("initiated", direction="outgoing"), country="US")
    assert (event.direction, event.number, event.caller) == (Direction.OUT, "+12025550133", "+12025550131")


def texml(fields: dict[str, str], *parts: str) -> Any:
    return hook(urlencode(fields), *parts)


INCOMING = {"CallSid": "v3:abc", "From": "+79160000001", "To": "+74990000001", "CallStatus": "ringing"}


def test_texml_callbacks_are_read_as_forms_and_as_the_json_of_the_sample() -> None:
    flat = sample("telnyx", "texml_status_completed.json")
    for request in (hook(text("telnyx", "texml_status_completed.json")), texml(flat), texml(flat, "status")):
        ((_, event),) = events("telnyx", request, country="US")
        assert event.ended_at == utc(2021, 4, 28, 21, 51, 18)
        assert (event.total_seconds, event.hangup_cause) == (2, "callee")
        assert event.number == "+13125550155"


def test_texml_makes_one_call_of_an_answered_dial() -> None:
    base = {"CallSid": "v3:abc", "From": "+79160000001", "To": "+74990000001"}
    dial = base | {"DialCallStatus": "completed", "DialCallDuration": "45", "DialCallSid": "v3:leg"}
    recording = {
        "CallSid": "v3:abc",
        "RecordingSid": "r1",
        "RecordingUrl": "https://r.example/1",
        "RecordingDuration": "44",
    }
    folded = call("telnyx", texml(INCOMING), texml(dial, "dial"), texml(recording, "recording"))
    assert (folded.status, folded.talk_seconds, folded.recording_url) == (
        CallStatus.ACCEPTED,
        45,
        "https://r.example/1",
    )


def reply(request: Any, route: Route) -> Any:
    return telnyx.reply(request, (), lambda: route)


def test_an_incoming_call_is_forwarded_in_texml() -> None:
    answer = reply(texml(INCOMING), Route("+74951234567", record=True))
    assert answer.content_type.startswith("text/xml")
    dial = twiml(answer).find("Dial")
    assert dial is not None and dial.findtext("Number") == "+74951234567"
    assert dial.attrib == {
        "timeout": "30",
        "action": f"{URL}/dial",
        "record": "record-from-answer-dual",
        "recordingStatusCallback": f"{URL}/recording",
        "recordingStatusCallbackEvent": "completed absent",
    }
    plain = twiml(reply(texml(INCOMING), Route("+74951234567", record=False))).find("Dial")
    assert plain is not None and set(plain.attrib) == {"timeout", "action"}


def test_callbacks_and_call_control_need_no_route() -> None:
    def unasked() -> Route:
        raise AssertionError("a callback needs no route")

    assert "<Hangup/>" in telnyx.reply(texml({}, "dial"), (), unasked).body
    assert telnyx.reply(texml({}, "status"), (), unasked).body.endswith("<Response></Response>")
    assert telnyx.reply(control("initiated"), (), unasked).body == {"ok": True}


def test_without_a_target_the_call_is_refused_at_once() -> None:
    assert '<Reject reason="busy"/>' in reply(texml(INCOMING), Route(None, record=False)).body


@pytest.mark.parametrize(
    ("body", "parts", "field"),
    [
        (b'{"data"', (), "body"),
        (b'{"data": 3}', (), "data"),
        ({"data": {"event_type": "call.hangup", "id": "1", "payload": {}}}, (), "data.occurred_at"),
        (
            {"data": {"event_type": "x", "id": "1", "occurred_at": "2026-11-22T09:52:10Z", "payload": {}}},
            (),
            "data.payload.call_session_id",
        ),
        (
            {"data": {"event_type": "x", "id": "1", "occurred_at": "now", "payload": {"call_session_id": "1"}}},
            (),
            "data.occurred_at",
        ),
        (b"To=%2B74990000001", (), "CallSid"),
        (b"CallSid=1&CallStatus=completed&Timestamp=then", ("status",), "Timestamp"),
        (b"CallSid=1", ("leg",), "path"),
        (b"CallSid=1", ("dial", "more"), "path"),
        (b"\xff", (), "body"),
        (b"[1]", (), "CallSid"),
    ],
)
def test_a_malformed_body_is_refused_by_its_field(body: Any, parts: tuple[str, ...], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        telnyx.parse(hook(body, *parts), ENDPOINT, "RU")
    assert refused.value.field == field
