"""Plivo: its published signatures, captured requests, and the XML that forwards a call."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Route
from chalicelib.carriers.plivo import webhook as plivo
from chalicelib.core.errors import BadInput, SignatureRejected
from chalicelib.runtime.http import Answer
from tests.carriers.carrier_examples import ENDPOINTS, URL, call, events, form, hook, later, sample, text, utc, vectors
from tests.requests import FIXTURES, twiml

ENDPOINT = ENDPOINTS["plivo"]
NONCE = "12345678901234567890"
BASE = {"CallUUID": "c1", "From": "14155550101", "To": "14155550199", "Direction": "inbound"}


def signed(fields: dict[str, str], method: str = "POST", header: str = "X-Plivo-Signature-V3", **changes: Any) -> Any:
    signature = plivo.signature(method, URL, list(fields.items()), NONCE, "plivo-test-auth-token")
    headers = {header: signature, "X-Plivo-Signature-V3-Nonce": NONCE} | changes.pop("headers", {})
    if method == "GET":
        return hook(headers=headers, method="GET", query=fields, **changes)
    return hook(changes.pop("body", urlencode(fields)), headers=headers, **changes)


def test_published_vectors_come_out() -> None:
    params = json.loads((FIXTURES / "signatures" / "carriers.json").read_text())["plivo_params"]
    key, nonce = vectors("plivo-v3-POST+query")[0]["key"], vectors("plivo-v3-POST+query")[0]["nonce"]
    for vector in vectors("plivo-v3"):
        assert plivo.signature("POST", vector["url"], list(params.items()), nonce, key) == vector["expected"]
    assert len(vectors("plivo-v3")) == 2


@pytest.mark.parametrize("name", ["answer_url", "hangup_url", "record_callback"])
def test_captured_requests_verify_with_their_query(name: str) -> None:
    request = sample("plivo", f"{name}.request.json")
    url, _, query = request["url"].partition("?")
    plivo.verify(hook(request["body"], headers=request["headers"], url=url, query=form(query)), ENDPOINT)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("header", ["X-Plivo-Signature-V3", "X-Plivo-Signature-MA-V3"])
def test_get_and_post_verify_under_either_header(method: str, header: str) -> None:
    plivo.verify(signed(BASE | {"Empty": "", "Text": "a b&c=ü"}, method, header), ENDPOINT)


def test_one_good_signature_of_a_list_is_enough() -> None:
    good = plivo.signature("POST", URL, list(BASE.items()), NONCE, "plivo-test-auth-token")
    plivo.verify(signed(BASE, headers={"X-Plivo-Signature-V3": f"other=, {good}"}), ENDPOINT)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": urlencode(BASE | {"From": "14155550102"})},
        {"body": urlencode(BASE)[:-3]},
        {"body": b"\xff\xfe"},
        {"headers": {"X-Plivo-Signature-V3": ""}},
        {"headers": {"X-Plivo-Signature-V3": "ü,"}},
        {"headers": {"X-Plivo-Signature-V3-Nonce": "1"}},
        {"headers": {"X-Plivo-Signature-V3-Nonce": ""}},
        {"url": URL + "x"},
        {"query": {"k": "v"}},
    ],
)
def test_anything_not_signed_is_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises((SignatureRejected, BadInput)):
        plivo.verify(signed(BASE, **changes), ENDPOINT)


def test_an_endpoint_without_a_token_is_not_open_to_an_empty_one() -> None:
    signature = plivo.signature("POST", URL, [], NONCE, "")
    headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": NONCE}
    with pytest.raises(SignatureRejected):
        plivo.verify(hook(headers=headers), replace(ENDPOINT, credentials={}))


def test_the_samples_make_one_call() -> None:
    hooks = [hook(text("plivo", f"{name}.form")) for name in ("answer_url", "hangup_url", "record_callback")]
    folded = call("plivo", *hooks, country="RU")
    assert (folded.caller_key, folded.number, folded.direction) == ("+14155550101", "+14155550199", Direction.IN)
    assert (folded.started_at, folded.answered_at) == (utc(2026, 11, 22, 9, 52, 8), utc(2026, 11, 22, 9, 52, 18))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 66, 10)
    assert folded.hangup_cause == "Normal Hangup"
    assert folded.recording_url and folded.recording_url.endswith("f8d3ff8a9e3c.mp3")


def step(fields: dict[str, str], seconds: float) -> Any:
    return hook(urlencode(BASE | fields), now=later(seconds))


HANGUP = {"Event": "Hangup", "CallStatus": "completed", "StartTime": "2026-11-22 09:52:30", "Duration": "50"}
HANGUP |= {"EndTime": "2026-11-22 09:53:20", "AnswerTime": "2026-11-22 09:52:30", "HangupCause": "NORMAL_CLEARING"}
RANG = step({"Event": "StartApp"}, 0)


def test_a_line_that_was_taken_is_no_talk_until_the_business_answers() -> None:
    dial = step({"DialStatus": "no-answer", "DialHangupCause": "NO_ANSWER"}, 49)
    folded = call("plivo", RANG, dial, step(HANGUP, 50))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.MISSED, 0, 50)


def test_the_legs_and_not_the_line_give_talk_and_who_answered() -> None:
    first = step({"DialAction": "hangup", "DialBLegUUID": "l1", "DialBLegDuration": "0"}, 9)
    answer = step({"DialAction": "answer", "DialBLegUUID": "l2", "DialBLegTo": "14155550123"}, 15)
    ended = step({"DialAction": "hangup", "DialBLegUUID": "l2", "DialBLegDuration": "35"}, 50)
    folded = call("plivo", RANG, first, answer, ended, step({"DialStatus": "completed"}, 50), step(HANGUP, 50))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 35, 15)
    assert folded.answered_by == "+14155550123"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"CallStatus": "busy"}, CallStatus.BUSY),
        ({"CallStatus": "no-answer"}, CallStatus.MISSED),
        ({"CallStatus": "failed"}, CallStatus.FAILED),
        ({"CallStatus": "completed", "HangupCause": "ORIGINATOR_CANCEL"}, CallStatus.ABANDONED),
        ({"CallStatus": "completed", "HangupCause": "NEW ONE"}, CallStatus.MISSED),
    ],
)
def test_a_hangup_without_an_answer_says_why(fields: dict[str, str], status: CallStatus) -> None:
    missed = {name: value for name, value in (HANGUP | fields).items() if name != "AnswerTime"}
    folded = call("plivo", RANG, step(missed, 50))
    assert (folded.status, folded.talk_seconds, folded.answered_at) == (status, 0, None)


def test_a_running_recording_has_no_length_and_an_unknown_webhook_is_kept() -> None:
    ((_, running),) = events("plivo", step({"Event": "Record", "RecordUrl": "https://r", "RecordingDuration": "-1"}, 1))
    assert (running.recording_url, running.recording_seconds) == ("https://r", None)
    ((_, other),) = events("plivo", step({"Event": "DTMF"}, 1))
    assert (other.call_id, other.status) == ("c1", None)


def test_the_business_rings_out() -> None:
    ((_, event),) = events("plivo", step(HANGUP | {"Direction": "outbound"}, 1))
    assert (event.direction, event.number, event.caller) == (Direction.OUT, "+14155550101", "+14155550199")


def test_the_reply_is_the_documented_xml() -> None:
    request = hook(text("plivo", "answer_url.form"))
    answer = plivo.reply(request, (), lambda: Route("+14155550123", record=True))
    ours, theirs = twiml(answer), twiml(Answer(text("plivo", "dial_response.xml")))
    assert [each.tag for each in ours] == [each.tag for each in theirs]
    urls = {"action", "callbackUrl"}
    for mine, documented in zip(ours, theirs, strict=True):
        assert set(documented.attrib) <= set(mine.attrib)
        same = set(documented.attrib) - urls
        assert {name: mine.attrib[name] for name in same} == {name: documented.attrib[name] for name in same}
    assert ours.findtext("Dial/Number") == theirs.findtext("Dial/Number")
    assert {each.attrib["action"] for each in ours} == {f"{URL}/dial", f"{URL}/record"}


def test_without_recording_only_the_dial_is_answered_and_callbacks_need_no_route() -> None:
    def unasked() -> Route:
        raise AssertionError("a callback needs no route")

    answer = plivo.reply(RANG, (), lambda: Route("+14155550123", record=False))
    assert [each.tag for each in twiml(answer)] == ["Dial"]
    assert "<Hangup/>" in plivo.reply(step({"DialStatus": "completed"}, 1), (), unasked).body
    assert plivo.reply(step(HANGUP, 1), (), unasked).body.endswith("<Response></Response>")
    assert '<Hangup reason="busy"/>' in plivo.reply(RANG, (), lambda: Route(None, record=False)).body


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"CallUUID": ""}, "CallUUID"),
        ({"Event": "StartApp", "To": ""}, "To"),
        (HANGUP | {"StartTime": "yesterday"}, "StartTime"),
        (HANGUP | {"Duration": "long"}, "Duration"),
        ({"DialAction": "hangup", "DialBLegDuration": "-5"}, "DialBLegDuration"),
        (HANGUP | {"Duration": "99999999"}, "Duration"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        plivo.parse(step(fields, 1), ENDPOINT, "US")
    assert refused.value.field == field


@pytest.mark.parametrize("raw", [b"\xff", b"a=1&" * 400])
def test_what_is_no_form_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        plivo.parse(hook(raw), ENDPOINT, "US")
