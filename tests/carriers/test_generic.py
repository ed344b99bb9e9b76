"""The generic signed contract, against its sample, its known signature and everything that is wrong with a body."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import Hook, Route, our_call_id
from chalicelib.carriers.generic import webhook as generic
from chalicelib.core.clock import from_epoch
from chalicelib.core.errors import BadInput, SignatureRejected
from chalicelib.registry.types import Endpoint
from tests.requests import FIXTURES, NOW, PBX, SECRET, post, signed_request

SAMPLE: dict[str, Any] = json.loads((FIXTURES / "asterisk" / "generic_call.json").read_text())


def parse(payload: Any, endpoint: Endpoint = PBX) -> CallEvent:
    (event,) = generic.parse(hook(payload), endpoint, "RU")
    return event


def hook(payload: Any, **changes: Any) -> Hook:
    return Hook(replace(signed_request(payload), **changes), (), "https://calls.example.com/x")


def test_the_known_signature_verifies() -> None:
    sample = json.loads((FIXTURES / "asterisk" / "signed_request.json").read_text())
    sent_at = from_epoch(int(sample["headers"]["X-Calltrack-Timestamp"]), field="ts")
    generic.verify(Hook(post(sample["body"].encode(), sample["headers"], sent_at), (), ""), PBX)


@pytest.mark.parametrize("off", [-300, 300])
def test_a_clock_five_minutes_off_is_fine(off: int) -> None:
    generic.verify(hook({}, now=NOW + timedelta(seconds=off)), PBX)


@pytest.mark.parametrize(
    "changes",
    [
        {"now": NOW + timedelta(seconds=302)},
        {"now": NOW - timedelta(seconds=302)},
        {"body": b"{} "},
        {"body": b""},
        {"headers": {}},
        {"headers": {"x-calltrack-timestamp": "never", "x-calltrack-signature": "sha256=00"}},
    ],
)
def test_stale_changed_and_unsigned_requests_are_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises(SignatureRejected):
        generic.verify(hook({}, **changes), PBX)


def test_a_well_signed_timestamp_that_is_no_time_is_rejected() -> None:
    from chalicelib.runtime.webhook_signature import sign

    headers = {"X-Calltrack-Timestamp": "soon", "X-Calltrack-Signature": sign(SECRET, "soon", b"{}")}
    with pytest.raises(SignatureRejected):
        generic.verify(Hook(post(b"{}", headers), (), ""), PBX)


def test_an_endpoint_without_a_secret_is_not_open_to_an_empty_one() -> None:
    with pytest.raises(SignatureRejected):
        generic.verify(Hook(signed_request({}, secret=""), (), ""), replace(PBX, credentials={}))


def test_the_sample_is_read_whole() -> None:
    event = parse(SAMPLE)
    assert event == CallEvent(
        event_id="pbx1-1763805128.123-ended",
        call_id="1763805128.120",
        at=datetime(2026, 11, 22, 9, 53, 10, tzinfo=UTC),
        direction=Direction.IN,
        caller="+79160000001",
        number="+74950000001",
        started_at=datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC),
        answered_at=datetime(2026, 11, 22, 9, 52, 23, tzinfo=UTC),
        ended_at=datetime(2026, 11, 22, 9, 53, 10, tzinfo=UTC),
        talk_seconds=47,
        total_seconds=62,
        status=CallStatus.ACCEPTED,
        answered_by="101",
        hangup_cause="16",
        recording_url="https://pbx.example.com/rec/1763805128.123.mp3",
        variables=(("utm_source", "yandex"),),
        leg="1763805128.123",
        who="101",
        rang_at=datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC),
    )


def test_the_shell_script_sends_epochs_and_zeros() -> None:
    event = parse(
        {"event": "call.ended", "call_id": "1.1", "linked_id": "1.0", "from": "9160000001", "to": "84950000001"}
        | {"started_at": 1763805128.5, "answered_at": 0, "ended_at": "1763805190", "duration_sec": 62, "talk_sec": 0}
        | {"disposition": "NO ANSWER", "hangup_cause": 19, "recording_file": ""}
    )
    assert event.started_at == datetime(2025, 11, 22, 9, 52, 8, 500_000, tzinfo=UTC)
    assert event.ended_at == datetime(2025, 11, 22, 9, 53, 10, tzinfo=UTC)
    assert (event.answered_at, event.talk_seconds, event.status) == (None, 0, CallStatus.MISSED)
    assert (event.caller, event.number) == ("+79160000001", "+74950000001")


def test_a_repetition_without_an_event_id_is_recognised_by_its_fields() -> None:
    payload = {key: value for key, value in SAMPLE.items() if key != "event_id"}
    assert parse(payload).event_id == parse(payload).event_id
    assert parse(payload).event_id != parse(payload | {"event": "call.started"}).event_id


def test_when_the_business_rings_the_customer_is_the_called_one() -> None:
    event = parse(SAMPLE | {"direction": "out", "from": "+74950000001", "to": "+79160000001"})
    assert (event.caller, event.number) == ("+79160000001", "+74950000001")


def test_local_times_are_of_the_endpoints_zone() -> None:
    event = parse(SAMPLE | {"started_at": "2026-11-22 12:52:08"}, replace(PBX, time_zone="Europe/Moscow"))
    assert event.started_at == datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event": "call.exploded"}, "event"),
        ({"event": None}, "event"),
        ({"call_id": ""}, "call_id"),
        ({"call_id": 7}, "call_id"),
        ({"to": ""}, "to"),
        ({"to": "s"}, "to"),
        ({"direction": "out", "from": "s"}, "from"),
        ({"direction": "sideways"}, "direction"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2026-11-22T09:52:08"}, "started_at"),
        ({"ended_at": 12}, "ended_at"),
        ({"answered_at": [1]}, "answered_at"),
        ({"talk_sec": -1}, "talk_sec"),
        ({"talk_sec": "many"}, "talk_sec"),
        ({"duration_sec": 10**9}, "duration_sec"),
        ({"disposition": "LOST IN SPACE"}, "disposition"),
        ({"variables": 3}, "variables"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(SAMPLE | changes)
    assert refused.value.field == field


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe", json.dumps(SAMPLE).encode()[:-9]])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse(raw)
    assert refused.value.field == "body"


def test_no_error_repeats_a_number() -> None:
    with pytest.raises(BadInput) as refused:
        parse(SAMPLE | {"to": "8 916 00"})
    assert "916" not in refused.value.message


def test_a_starting_call_gets_its_target_and_an_ended_one_does_not() -> None:
    started = SAMPLE | {"event": "call.started", "answered_at": None, "ended_at": None, "recording_url": None}
    route = Route("+74951234567", record=False)
    answer = generic.reply(hook(started), (parse(started),), lambda: route)
    assert answer.body == {"ok": True, "forward_to": "+74951234567"}
    assert generic.reply(hook(SAMPLE), (parse(SAMPLE),), lambda: route).body == {"ok": True}


def test_call_ids_of_any_pbx_are_safe_in_urls_and_keys() -> None:
    assert our_call_id("generic", "1763805128.120") == "generic-1763805128.120"
    odd = our_call_id("generic", "звонок/1#2")
    assert odd.isascii() and "/" not in odd and "#" not in odd
    assert odd != our_call_id("generic", "звонок/1#3")
