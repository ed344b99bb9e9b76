"""UIS: rendered templates of the samples and of our own, by POST and GET, and the list of addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Route
from chalicelib.carriers.uis import webhook as uis
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import ENDPOINTS, call, events, hook, later, sample, text, utc
from tests.requests import NOW

ENDPOINT = ENDPOINTS["uis"]
MOSCOW = "Europe/Moscow"
FINISHED = sample("uis", "call_finished.rendered.json")
BASE = {"call_session_id": 1234567890, "virtual_phone_number": "74950000001", "contact_phone_number": "79160000001"}


def rendered(template: str, values: dict[str, Any]) -> str:
    """A template as the service renders it: each placeholder with its JSON quoting."""
    rendered = text("uis", template)
    for name in [part.split("}}")[0] for part in rendered.split("{{")[1:]]:
        rendered = rendered.replace("{{" + name + "}}", json.dumps(values.get(name), ensure_ascii=False))
    return rendered


def test_the_rendered_sample_makes_a_call() -> None:
    folded = call("uis", hook(FINISHED), zone=MOSCOW)
    assert (folded.caller_key, folded.number, folded.direction) == ("+79160000001", "+74950000001", Direction.IN)
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 45, 17)
    assert folded.ended_at == utc(2026, 11, 22, 9, 53, 10, 123000)
    assert folded.started_at == utc(2026, 11, 22, 9, 52, 8, 123000)
    assert folded.answered_by == "Иванов Иван"
    assert folded.variables == (("scenario_name", "Основной"),)


def test_the_templates_render_to_what_is_read() -> None:
    recording = {"notification_mnemonic": "RECORD", "call_session_id": 1234567890, "file_duration": 44}
    recording |= {"file_link": "https://app.uis.example/r.mp3"}
    hooks = [
        hook(rendered("template_call_finished.txt", FINISHED)),
        hook(rendered("template_record_ready.txt", recording)),
    ]
    folded = call("uis", *hooks, zone=MOSCOW)
    assert (folded.talk_seconds, folded.recording_url) == (45, "https://app.uis.example/r.mp3")


def test_without_a_zone_the_call_ends_when_it_was_reported() -> None:
    folded = call("uis", hook(FINISHED))
    assert (folded.ended_at, folded.started_at) == (NOW, later(-62))


def test_a_lost_call_is_missed_with_any_durations() -> None:
    lost = FINISHED | {"notification_mnemonic": "LOST_CALL", "talk_time_duration": 3}
    folded = call("uis", hook(lost), zone=MOSCOW)
    assert (folded.status, folded.talk_seconds, folded.answered_by) == (CallStatus.MISSED, 0, None)
    assert call("uis", hook(FINISHED | {"talk_time_duration": 0})).status is CallStatus.MISSED


def test_our_own_templates_name_the_event() -> None:
    started = hook(BASE | {"event": "started", "direction": "in"}, now=later(0))
    answered = hook(BASE | {"event": "answered", "employee_full_name": "Анна", "employee_id": 7}, now=later(9))
    ended = hook(BASE | {"event": "ended", "talk_time_duration": "40", "total_time_duration": "49"}, now=later(49))
    folded = call("uis", started, answered, ended)
    assert (folded.started_at, folded.answered_at, folded.answered_by) == (later(0), later(9), "Анна")
    assert (folded.talk_seconds, folded.ring_seconds) == (40, 9)
    assert call("uis", started).status is CallStatus.OPEN


def test_the_same_by_get() -> None:
    query = {name: str(value) for name, value in FINISHED.items() if value is not None}
    by_get = call("uis", hook(method="GET", query=query), zone=MOSCOW)
    assert by_get == call("uis", hook(FINISHED), zone=MOSCOW)


def test_epochs_need_no_zone_and_an_unknown_notification_is_kept() -> None:
    ((_, event),) = events("uis", hook(BASE | {"notification_timestamp": 1763805130, "notification_mnemonic": "TAGS"}))
    assert (event.at, event.status, event.number) == (utc(2025, 11, 22, 9, 52, 10), None, "+74950000001")


def test_the_business_rings_out() -> None:
    ((_, event),) = events("uis", hook(FINISHED | {"direction": "out"}))
    assert (event.direction, event.caller) == (Direction.OUT, "+79160000001")


@pytest.mark.parametrize("address", ["195.211.120.7", "2001:db8::5"])
def test_the_address_list_lets_its_networks_in(address: str) -> None:
    listed = replace(ENDPOINT, credentials={"allowed_addresses": "195.211.120.0/22, 2001:db8::/32"})
    uis.verify(hook(FINISHED, source_ip=address), listed)
    uis.verify(hook(FINISHED, source_ip=""), ENDPOINT)


@pytest.mark.parametrize(
    ("listed", "address"),
    [("195.211.120.0/22", "192.0.2.1"), ("195.211.120.0/22", ""), ("nonsense", "192.0.2.1"), (",", "192.0.2.1")],
)
def test_other_addresses_and_unreadable_lists_are_refused(listed: str, address: str) -> None:
    with pytest.raises(SignatureRejected):
        uis.verify(hook(FINISHED, source_ip=address), replace(ENDPOINT, credentials={"allowed_addresses": listed}))


def test_uis_gets_a_receipt() -> None:
    def unasked() -> Route:
        raise AssertionError("UIS reads no answer")

    assert uis.reply(hook(FINISHED), (), unasked).body == {"ok": True}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "call_session_id"),
        (BASE | {"event": "exploded"}, "event"),
        (BASE | {"event": "ended", "talk_time_duration": "long"}, "talk_time_duration"),
        (BASE | {"event": "ended", "talk_time_duration": -1}, "talk_time_duration"),
        (BASE | {"event": "started", "start_time": "noon"}, "start_time"),
        (BASE | {"notification_timestamp": "noon"}, "notification_timestamp"),
        (BASE | {"notification_timestamp": 12}, "notification_timestamp"),
        (BASE | {"direction": 3}, "direction"),
        (text("uis", "template_call_finished.txt"), "notification_mnemonic"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
    ],
)
def test_a_wrong_field_is_named(payload: Any, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        uis.parse(hook(payload), ENDPOINT, "RU")
    assert refused.value.field == field
