"""Twilio's webhooks against Twilio's own validator, its published vectors, and samples of what it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.twilio import webhook as twilio
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.requests import FIXTURES, NOW, TWILIO, post, rfc, twiml

URL = "https://calls.example.com/api/v1/carriers/twilio/token"


def hook(form: bytes, *parts: str, signature: str = "") -> Hook:
    return Hook(post(form, {"X-Twilio-Signature": signature}), parts, URL)


def event(name: str, *parts: str) -> CallEvent:
    form = (FIXTURES / "twilio" / f"{name}.form").read_bytes()
    (parsed,) = twilio.parse(hook(form, *parts), TWILIO, "RU")
    return parsed


def test_published_vectors_come_out() -> None:
    for vector in json.loads((FIXTURES / "signatures" / "vectors.json").read_text())["vectors"]:
        pairs = list(vector["params"].items())
        assert twilio.signature(vector["url"], pairs, vector["key"]) == vector["expected"]


@pytest.mark.parametrize("name", ["incoming_call", "status_completed", "dial_action", "recording_completed"])
def test_captured_requests_verify(name: str) -> None:
    sample = json.loads((FIXTURES / "twilio" / f"{name}.request.json").read_text())
    pairs = parse_qsl(sample["body"], keep_blank_values=True)
    expected = sample["headers"]["X-Twilio-Signature"]
    assert twilio.signature(sample["url"], pairs, sample["test_auth_token"]) == expected


@given(
    form=st.lists(st.tuples(st.sampled_from("ABCDab"), st.text(max_size=8)), max_size=6),
    path=st.sampled_from(["", "/dial", "/recording"]),
)
def test_twilios_own_validator_agrees_both_ways(form: list[tuple[str, str]], path: str) -> None:
    multi: dict[str, Any] = {}
    for name, value in form:
        multi.setdefault(name, []).append(value)
    params = MultiDict(multi)
    vendor = RequestValidator("key")
    ours = twilio.signature(URL + path, form, "key")
    assert vendor.validate(URL + path, params, ours)
    assert vendor.compute_signature(URL + path, params) == ours


class MultiDict(dict[str, list[str]]):
    """What Twilio's validator takes repeated fields from."""

    def getall(self, name: str) -> list[str]:
        return self[name]


@pytest.mark.parametrize("public", ["https://h.example/api", "https://h.example:443/api", "http://h.example/api"])
@pytest.mark.parametrize("signed_port", ["", ":443", ":80"])
def test_the_default_port_may_be_signed_or_not(public: str, signed_port: str) -> None:
    fits = not signed_port or (signed_port == ":443") == public.startswith("https")
    bare = public.replace(":443", "").replace("h.example", f"h.example{signed_port}")
    request = post(b"A=1", {"X-Twilio-Signature": twilio.signature(bare, [("A", "1")], "token")})
    asked = Hook(request, (), public)
    endpoint = replace(TWILIO, credentials={"auth_token": "token"})
    if fits:
        twilio.verify(asked, endpoint)
    else:
        with pytest.raises(SignatureRejected):
            twilio.verify(asked, endpoint)


@pytest.mark.parametrize(
    ("body", "signature", "token"),
    [
        (b"A=1&B=2", "wrong", "token"),
        (b"A=1&B=2", "", "token"),
        (b"A=1&B=2", "\u00e4", "token"),
        (b"A=1", "{good}", "token"),
        (b"A=1&B=2&C=3", "{good}", "token"),
        (b"\xff\xfe", "{good}", "token"),
        (b"A=1&B=2", "{good}", "another token"),
        (b"A=1&B=2", "{empty}", ""),
    ],
)
def test_anything_not_signed_with_the_token_is_rejected(body: bytes, signature: str, token: str) -> None:
    pairs = [("A", "1"), ("B", "2")]
    good, empty = twilio.signature(URL, pairs, "token"), twilio.signature(URL, pairs, "")
    endpoint = replace(TWILIO, credentials={"auth_token": token} if token else {})
    with pytest.raises((SignatureRejected, BadInput)):
        twilio.verify(hook(body, signature=signature.format(good=good, empty=empty)), endpoint)


def test_an_incoming_call_starts_when_twilio_asks() -> None:
    parsed = event("incoming_call")
    assert (parsed.caller, parsed.number, parsed.direction) == ("+14155550101", "+14155550199", Direction.IN)
    assert parsed.started_at == NOW
    assert parsed.status is None


def test_dial_decides_about_the_talk() -> None:
    parsed = event("dial_action", "dial")
    assert (parsed.status, parsed.talk_seconds, parsed.recording_seconds) == (CallStatus.ACCEPTED, 45, 44)
    assert parsed.recording_url and parsed.recording_url.endswith("RE00000000000000000000000000000001")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("no-answer", CallStatus.MISSED),
        ("busy", CallStatus.BUSY),
        ("failed", CallStatus.FAILED),
        ("canceled", CallStatus.ABANDONED),
    ],
)
def test_a_dial_without_an_answer_says_why(outcome: str, status: CallStatus) -> None:
    form = f"CallSid=CA1&From=%2B79160000001&To=%2B74990000001&DialCallStatus={outcome}".encode()
    (parsed,) = twilio.parse(hook(form, "dial"), TWILIO, "RU")
    assert (parsed.status, parsed.talk_seconds) == (status, 0)


def test_the_status_callback_gives_start_and_end_but_billed_minutes_are_not_seconds() -> None:
    parsed = event("status_completed", "status")
    assert parsed.ended_at == datetime(2026, 11, 22, 9, 53, 19, tzinfo=UTC)
    assert parsed.started_at == datetime(2026, 11, 22, 9, 52, 30, tzinfo=UTC)
    assert (parsed.total_seconds, parsed.talk_seconds) == (49, None)


def test_a_leg_belongs_to_its_parent_call_and_hides_the_target_number() -> None:
    form = f"CallSid=CAleg&ParentCallSid=CA1&CallStatus=in-progress&To=%2B74951234567&Timestamp={rfc(NOW)}"
    (parsed,) = twilio.parse(hook(form.replace("+0000", "%2B0000").encode(), "leg"), TWILIO, "RU")
    assert (parsed.call_id, parsed.answered_at, parsed.number) == ("CA1", NOW, None)


def test_a_failed_recording_leaves_no_link() -> None:
    form = b"CallSid=CA1&RecordingSid=RE1&RecordingStatus=absent&RecordingUrl=https%3A%2F%2Fx"
    (parsed,) = twilio.parse(hook(form, "recording"), TWILIO, "RU")
    assert parsed.recording_url is None


def test_withheld_callers_are_nobody() -> None:
    for sender in ("anonymous", "%2B266696687", "%2B86282452253", ""):
        form = f"CallSid=CA1&To=%2B74990000001&From={sender}".encode()
        assert twilio.parse(hook(form), TWILIO, "RU")[0].caller is None


@pytest.mark.parametrize(
    ("form", "parts", "field"),
    [
        (b"To=%2B74990000001", (), "CallSid"),
        (b"CallSid=CA1", (), "To"),
        (b"CallSid=CA1&To=sip", (), "To"),
        (b"CallSid=CA1", ("dial",), "DialCallStatus"),
        (b"CallSid=CA1&DialCallStatus=nonsense", ("dial",), "DialCallStatus"),
        (b"CallSid=CA1&DialCallStatus=completed&DialCallDuration=-4", ("dial",), "DialCallDuration"),
        (b"CallSid=CA1&CallStatus=completed&CallDuration=1.5", ("status",), "CallDuration"),
        (b"CallSid=CA1&CallStatus=completed&Timestamp=yesterday", ("status",), "Timestamp"),
        (b"CallSid=CA1&CallStatus=completed", ("leg",), "ParentCallSid"),
        (b"CallSid=CA1", ("recording",), "RecordingSid"),
        (b"CallSid=CA1", ("voicemail",), "path"),
        (b"CallSid=CA1", ("dial", "more"), "path"),
        (b"a=1&" * 400, (), "body"),
        (b"\xff", (), "body"),
    ],
)
def test_a_malformed_form_is_refused_by_its_field(form: bytes, parts: tuple[str, ...], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        twilio.parse(hook(form, *parts), TWILIO, "RU")
    assert refused.value.field == field


def test_the_call_is_forwarded_and_every_callback_is_a_url_of_the_endpoint() -> None:
    answer = twilio.reply(hook(b""), (), lambda: Route("+74951234567", record=True))
    assert answer.content_type.startswith("text/xml")
    dial = twiml(answer).find("Dial")
    assert dial is not None
    assert dial.attrib == {
        "answerOnBridge": "true",
        "timeout": "30",
        "action": f"{URL}/dial",
        "record": "record-from-answer-dual",
        "recordingStatusCallback": f"{URL}/recording",
        "recordingStatusCallbackEvent": "completed absent",
    }
    number = dial.find("Number")
    assert number is not None and number.text == "+74951234567"
    assert number.attrib == {"statusCallback": f"{URL}/leg", "statusCallbackEvent": "answered completed"}


def test_a_url_cannot_break_out_of_its_attribute() -> None:
    odd = Hook(post(b"", {}), (), 'https://h.example/a?x="><Hangup/>&y')
    answer = twilio.reply(odd, (), lambda: Route("+74951234567", record=False))
    dial = twiml(answer).find("Dial")
    assert dial is not None and dial.attrib["action"] == 'https://h.example/a?x="><Hangup/>&y/dial'
    assert "record" not in dial.attrib


def test_after_the_dial_the_call_ends_and_other_callbacks_say_nothing() -> None:
    def unasked() -> Route:
        raise AssertionError("a callback needs no route")

    assert "<Hangup/>" in twilio.reply(hook(b"", "dial"), (), unasked).body
    for part in ("status", "leg", "recording"):
        assert twilio.reply(hook(b"", part), (), unasked).body.endswith("<Response></Response>")


def test_without_any_target_the_call_is_refused_at_once() -> None:
    assert '<Reject reason="busy"/>' in twilio.reply(hook(b""), (), lambda: Route(None, record=False)).body
