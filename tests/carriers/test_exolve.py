"""MTS Exolve: the routing request and its documented answer, events in milliseconds, and the list of addresses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Route
from chalicelib.carriers.exolve import webhook as exolve
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import ENDPOINTS, URL, call, events, hook, recordings, sample, utc
from tests.requests import NOW

ENDPOINT = ENDPOINTS["exolve"]
ASKED = sample("exolve", "getControlCallFollowMe.request.json")
EVENTS = [sample("exolve", f"event_{name}.json") for name in ("b", "s", "d", "crr")]
MEASURED = EVENTS[2]


def test_the_samples_make_one_call() -> None:
    folded = call("exolve", hook(ASKED), *(hook(payload) for payload in EVENTS))
    assert (folded.caller_key, folded.number, folded.direction) == ("+79160000001", "+79587000001", Direction.IN)
    assert (folded.started_at, folded.ended_at) == (utc(2026, 11, 22, 9, 52, 8), utc(2026, 11, 22, 9, 53, 10))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 20, 5)
    assert (folded.hangup_cause, folded.events) == ("16", 5)
    (recording,) = recordings(events("exolve", *(hook(payload) for payload in EVENTS)))
    assert (recording.carriers_id, recording.url) == ("/path/from/event.mp3", None)


def test_a_link_to_the_recording_is_taken_as_one() -> None:
    ((_, event),) = events("exolve", hook(EVENTS[3] | {"path": "https://rec.example/1.mp3"}))
    assert (event.recording_url, event.recording_id) == ("https://rec.example/1.mp3", None)


def test_the_call_starts_when_exolve_asks() -> None:
    folded = call("exolve", hook(ASKED))
    assert (folded.started_at, folded.status, folded.number) == (NOW, CallStatus.OPEN, "+79587000001")


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        ("16", CallStatus.ABANDONED),
        (17, CallStatus.BUSY),
        ("19", CallStatus.MISSED),
        ("21", CallStatus.BUSY),
        ("38", CallStatus.FAILED),
        (None, CallStatus.MISSED),
    ],
)
def test_a_call_without_an_answer_says_why(cause: Any, status: CallStatus) -> None:
    folded = call("exolve", hook(MEASURED | {"talk_time": 0, "cause_code": cause}))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (status, 0, 25)


def test_a_talk_of_less_than_a_second_was_a_talk() -> None:
    assert call("exolve", hook(MEASURED | {"talk_time": 400})).talk_seconds == 1


def test_the_end_alone_closes_the_call_and_an_unknown_type_is_kept() -> None:
    base = {"call_sid": "x", "from": "anonymous", "to": "79587000001", "date_time": "2026-11-22T09:53:10Z"}
    ended = call("exolve", hook(base | {"type": "e"}))
    assert (ended.status, ended.caller_key) == (CallStatus.MISSED, None)
    assert call("exolve", hook(base | {"type": "h"})).status is CallStatus.OPEN


def test_the_reply_is_the_documented_route() -> None:
    documented = sample("exolve", "getControlCallFollowMe.response.json")
    documented["result"]["event_URL"] = URL
    documented["result"]["followme_struct"][1][0]["NAME"] = "target"
    assert exolve.reply(hook(ASKED), (), lambda: Route("+74950000002", record=False)).body == documented
    nowhere = exolve.reply(hook(ASKED | {"id": 7}), (), lambda: Route(None, record=False)).body
    assert (nowhere["id"], nowhere["result"]["followme_struct"]) == (7, [0, []])


def test_events_need_no_route() -> None:
    def unasked() -> Route:
        raise AssertionError("an event needs no route")

    for payload in EVENTS:
        assert exolve.reply(hook(payload), (), unasked).body == {"ok": True}


def test_the_address_list_is_a_second_proof() -> None:
    listed = replace(ENDPOINT, credentials={"allowed_addresses": "80.75.130.0/24"})
    exolve.verify(hook(ASKED), ENDPOINT)
    exolve.verify(hook(ASKED, source_ip="80.75.130.9"), listed)
    with pytest.raises(SignatureRejected):
        exolve.verify(hook(ASKED, source_ip="192.0.2.1"), listed)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "type"),
        ({"type": "b"}, "call_sid"),
        (ASKED | {"method": "deleteEverything"}, "method"),
        (ASKED | {"params": {"call_sid": "1"}}, "params.sip_id"),
        (ASKED | {"params": {"sip_id": "79587000001"}}, "params.call_sid"),
        (MEASURED | {"talk_time": -1}, "talk_time"),
        (MEASURED | {"duration": "long"}, "duration"),
        (MEASURED | {"date_time": "2026-11-22T09:53:10"}, "date_time"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
    ],
)
def test_a_wrong_field_is_named(payload: Any, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        exolve.parse(hook(payload), ENDPOINT, "RU")
    assert refused.value.field == field
