"""Mango Office: the official vector, captured notifications, its clock, legs, and the odd official example."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.mango import webhook as mango
from chalicelib.core.clock import from_epoch
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import CREDENTIALS, ENDPOINTS, call, events, hook, recordings, sample, vectors

ENDPOINT = ENDPOINTS["mango"]
KEY, SALT = CREDENTIALS["mango"]["api_key"], CREDENTIALS["mango"]["api_salt"]
PATHS = {"call": "events/call", "summary": "events/summary", "recording": "events/recording"}
SAMPLES = (
    "call_appeared",
    "call_connected",
    "call_disconnected",
    "summary_answered",
    "recording_completed",
    "record_added",
)
END = from_epoch(1670060661, field="t")


def notification(name: str, **changes: Any) -> dict[str, Any]:
    return sample("mango", f"events_{name}.json") | changes


def notify(path: str, content: Any, seconds: float = 0) -> Hook:
    raw = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    body = urlencode({"vpbx_api_key": KEY, "sign": mango.signature(KEY, raw, SALT), "json": raw})
    return hook(body, *path.split("/"), now=END + timedelta(seconds=seconds))


def samples() -> list[Hook]:
    return [
        notify(sample("mango", f"events_{name}.request.json")["path_suffix"], notification(name), index)
        for index, name in enumerate(SAMPLES)
    ]


def test_the_official_vector_comes_out() -> None:
    (vector,) = vectors("mango")
    assert mango.signature(vector["vpbx_api_key"], vector["json"], vector["vpbx_api_salt"]) == vector["expected"]


@pytest.mark.parametrize("name", SAMPLES)
def test_captured_requests_verify_over_the_raw_field(name: str) -> None:
    captured = sample("mango", f"events_{name}.request.json")
    mango.verify(hook(captured["body"], *captured["path_suffix"].split("/")), ENDPOINT)


RAW = '{"entry_id": "1"}'
GOOD = {"vpbx_api_key": KEY, "sign": mango.signature(KEY, RAW, SALT), "json": RAW}


@pytest.mark.parametrize(
    "body",
    [
        urlencode(GOOD | {"json": RAW.replace(" ", "")}),
        urlencode(GOOD)[:-3],
        urlencode(GOOD | {"sign": ""}),
        urlencode(GOOD | {"sign": "ü"}),
        urlencode(GOOD | {"sign": mango.signature(KEY, RAW, "other salt")}),
        urlencode(GOOD | {"vpbx_api_key": "other", "sign": mango.signature("other", RAW, SALT)}),
        b"",
    ],
)
def test_anything_not_signed_is_rejected(body: Any) -> None:
    mango.verify(hook(urlencode(GOOD)), ENDPOINT)
    with pytest.raises(SignatureRejected):
        mango.verify(hook(body), ENDPOINT)


@pytest.mark.parametrize("credentials", [{}, {"api_key": KEY}, {"api_key": "", "api_salt": SALT}])
def test_half_the_credentials_verify_nothing(credentials: dict[str, str]) -> None:
    with pytest.raises(SignatureRejected):
        mango.verify(hook(urlencode(GOOD)), replace(ENDPOINT, credentials=credentials))


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput):
        mango.verify(hook(b"\xff\xfe"), ENDPOINT)


def test_an_address_list_narrows_the_signature() -> None:
    endpoint = replace(ENDPOINT, credentials=ENDPOINT.credentials | {"allowed_addresses": "81.88.80.132/31"})
    mango.verify(hook(urlencode(GOOD), source_ip="81.88.80.133"), endpoint)
    with pytest.raises(SignatureRejected):
        mango.verify(hook(urlencode(GOOD), source_ip="192.0.2.1"), endpoint)


def test_the_samples_make_one_call() -> None:
    folded = call("mango", *samples())
    assert (folded.caller_key, folded.number, folded.direction) == ("+79160000001", "+74950000001", Direction.IN)
    assert (folded.talk_seconds, folded.ring_seconds) == (119, 15)
    assert (folded.status, folded.answered_by, folded.hangup_cause) == (CallStatus.ACCEPTED, "222", "1110")
    assert folded.started_at == from_epoch(1670060527, field="t")
    (recording,) = recordings(events("mango", *samples()))
    assert recording.carriers_id == "MjoxMDA4NjI3NzoxNjE3Mzk2NjQ5MTow"
    assert folded.events == len(SAMPLES)


def test_without_the_summary_the_legs_give_the_same_talk() -> None:
    folded = call("mango", *samples()[:3])
    assert (folded.status, folded.talk_seconds) == (CallStatus.ACCEPTED, 119)


def test_wall_clock_epochs_come_out_as_the_same_call() -> None:
    ahead = 3 * 3600
    summary = notification("summary_answered")
    summary |= {name: summary[name] + ahead for name in ("create_time", "talk_time", "end_time", "forward_time")}
    appeared = notification("call_appeared", timestamp=1670060527 + ahead)
    folded = call("mango", notify("events/call", appeared, -134), notify("events/summary", summary, 1))
    assert folded.started_at == from_epoch(1670060527, field="t")
    assert folded.ended_at == END
    assert (folded.talk_seconds, folded.ring_seconds) == (119, 15)


def test_the_official_example_that_calls_a_missed_call_a_success() -> None:
    summary = notification("summary_answered", entry_result=1, talk_time=0, forward_time=0, disconnect_reason=1111)
    folded = call("mango", notify("events/summary", summary))
    assert (folded.status, folded.talk_seconds, folded.answered, folded.ring_seconds) == (
        CallStatus.MISSED,
        0,
        False,
        134,
    )


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (1100, CallStatus.ABANDONED),
        ("1110", CallStatus.ABANDONED),
        (1111, CallStatus.MISSED),
        (1120, CallStatus.MISSED),
        (1121, CallStatus.BUSY),
        (1122, CallStatus.BUSY),
        (1131, CallStatus.FAILED),
        (1164, CallStatus.BUSY),
        (1181, CallStatus.MISSED),
        (1199, CallStatus.MISSED),
        (2110, CallStatus.FAILED),
        (5001, CallStatus.FAILED),
        (None, CallStatus.MISSED),
    ],
)
def test_every_reason_has_its_status_and_unknown_ones_their_class(reason: Any, status: CallStatus) -> None:
    summary = notification("summary_answered", talk_time="0", disconnect_reason=reason)
    assert call("mango", notify("events/summary", summary)).status is status


def test_a_leg_that_nobody_answered_does_not_end_the_call() -> None:
    first = notification("call_disconnected", call_id="leg1", disconnect_reason=1111, timestamp=1670060540)
    folded = call("mango", notify("events/call", notification("call_appeared")), notify("events/call", first))
    assert folded.status is CallStatus.OPEN
    passed_on = notification("call_disconnected", disconnect_reason="1120")
    passed_on["to"] |= {"was_transferred": True}
    assert (
        call("mango", notify("events/call", notification("call_appeared")), notify("events/call", passed_on)).ended_at
        is None
    )


def test_the_menu_answering_is_nobody() -> None:
    menu = notification("call_connected", location="ivr")
    ((_, event),) = events("mango", notify("events/call", menu))
    assert (event.answered_at, event.answered_by) == (None, None)


def test_the_business_rings_out_and_employees_among_themselves_are_no_calls() -> None:
    out = notification("summary_answered", call_direction=2)
    out |= {"from": {"extension": "222", "number": "79770000001"}, "to": {"number": "79160000001"}}
    folded = call("mango", notify("events/summary", out))
    assert (folded.direction, folded.caller_key, folded.answered_by) == (Direction.OUT, "+79160000001", "222")
    assert events("mango", notify("events/summary", notification("summary_answered", call_direction=0))) == []
    inside = notification("call_connected") | {"from": {"extension": 11}}
    assert events("mango", notify("events/call", inside)) == []


def test_a_recording_that_was_not_kept_leaves_no_id() -> None:
    short = notification("recording_completed", completion_code=4002)
    begun = notification("recording_completed", recording_state="Started", completion_code=None)
    for content in (short, begun):
        ((_, event),) = events("mango", notify("events/recording", content))
        assert event.variables == ()


@pytest.mark.parametrize("path", ["events/dtmf", "events/sms", "events/record/tagged", "result/callback", "ping"])
def test_what_is_about_no_call_is_received_and_left(path: str) -> None:
    assert events("mango", notify(path, {"seq": 1})) == []


def test_mango_gets_a_receipt() -> None:
    def unasked() -> Route:
        raise AssertionError("Mango reads no answer")

    assert mango.reply(samples()[0], (), unasked).body == {"ok": True}


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("events/call", {}, "entry_id"),
        ("events/summary", {}, "entry_id"),
        ("events/recording", {"entry_id": "1"}, "recording_id"),
        ("events/call", {"entry_id": 7}, "entry_id"),
        ("events/call", {"entry_id": "1", "timestamp": "noon"}, "timestamp"),
        ("events/call", {"entry_id": "1", "timestamp": 12}, "timestamp"),
        ("events/call", "{", "body"),
    ],
)
def test_a_wrong_field_is_named(path: str, content: Any, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        events("mango", notify(path, content))
    assert refused.value.field == field
