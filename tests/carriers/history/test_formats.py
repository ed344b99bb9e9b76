"""The same three calls in each carrier's own export: answered, missed, and the business ringing a customer."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.types import Call, CallEvent, CallStatus, Direction
from chalicelib.carriers import CARRIERS
from chalicelib.carriers.history import FIELDS, HISTORIES, format_of
from chalicelib.carriers.history.csv_files import rows_of
from chalicelib.carriers.history.csv_rows import event_of, mark_legs
from chalicelib.core.errors import BadInput
from tests.requests import FIXTURES

NOON = datetime(2026, 11, 3, 9, tzinfo=UTC)  # in Moscow
NUMBER, CALLER, OTHER = "+74990000001", "+79160000001", "+79160000002"
FILES = {path.stem: path for path in (FIXTURES / "history").iterdir() if path.suffix in (".json", ".csv")}


def events_of(vendor: str, raw: bytes) -> dict[str, list[CallEvent]]:
    """The file's events by call, as the import reads them."""
    form, by_call = format_of(vendor), defaultdict(list)
    for _, row in rows_of(raw, form):
        by_call[row.get("leg_of") or row["call_id"]].append(row)
    return {
        call_id: [event_of(row, form, "Europe/Moscow", "RU", b"a key") for row in mark_legs(rows, form)]
        for call_id, rows in by_call.items()
    }


def calls_of(vendor: str, raw: bytes | None = None) -> list[Call]:
    events = events_of(vendor, raw or FILES[vendor].read_bytes())
    return [
        fold(CallRecord("s1", call_id, vendor, "history", tuple((NOON, event) for event in of_call)))
        for call_id, of_call in events.items()
    ]


def test_every_carrier_has_a_format_of_known_fields_and_an_example() -> None:
    assert set(HISTORIES) == set(CARRIERS) == set(FILES)
    for vendor in HISTORIES:
        assert set(format_of(vendor).headings) <= FIELDS


@pytest.mark.parametrize("vendor", HISTORIES)
def test_the_three_calls_are_alike_in_every_export(vendor: str) -> None:
    answered, missed, back = calls_of(vendor)
    assert (answered.direction, answered.number, answered.caller_key) == (Direction.IN, NUMBER, CALLER)
    assert (answered.started_at, answered.talk_seconds, answered.status) == (NOON, 45, CallStatus.ACCEPTED)
    assert (missed.direction, missed.number, missed.caller_key) == (Direction.IN, NUMBER, None)
    assert (missed.started_at, missed.answered, missed.ended_at is not None) == (NOON + timedelta(hours=1), False, True)
    assert (back.direction, back.number, back.caller_key) == (Direction.OUT, NUMBER, OTHER)
    assert (back.started_at, back.talk_seconds) == (NOON + timedelta(hours=2), 30)


def test_what_only_one_carrier_reports_is_kept() -> None:
    answered, missed, _ = calls_of("uis")
    assert answered.recording_url == "https://media.example.com/1/abc"
    assert dict(answered.variables) == {"gclid": "Cj0", "ym_client_id": "1466778900123456"}
    assert (answered.answered_by, answered.ring_seconds) == ("Reception", 5)
    assert missed.talk_seconds == 0  # of a lost call the caller heard only an announcement
    mango, *_ = calls_of("mango")
    recording_ids = [event.recording_id for event in events_of("mango", FILES["mango"].read_bytes())[mango.call_id]]
    assert (mango.answered_by, recording_ids) == ("101", ["MToxMDA=", None])


def test_a_line_without_its_forwarded_leg_counts_as_talk_and_one_nobody_answered_does_not() -> None:
    calls = json.loads(FILES["twilio"].read_bytes())["calls"]
    alone = [call for call in calls if not call["parent_call_sid"]]
    answered, unanswered, _ = calls_of("twilio", json.dumps(alone).encode())
    assert (answered.talk_seconds, unanswered.talk_seconds) == (50, 20)
    assert calls_of("twilio")[1].talk_seconds == 0


def one(vendor: str = "generic", **cells: Any) -> CallEvent:
    row = {"call_id": "1", "started_at": "2026-11-03T09:00:00Z", "from": CALLER, "to": NUMBER, "talk_sec": 5} | cells
    ((event,),) = events_of(vendor, json.dumps([row]).encode()).values()
    return event


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"call_id": ""}, "call_id"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "13.13.2026 10:00"}, "started_at"),
        ({"started_at": "99999999999"}, "started_at"),
        ({"talk_sec": "long"}, "talk"),
        ({"talk_sec": "1:2:3:4"}, "talk"),
        ({"talk_sec": "-5"}, "talk"),
        ({"talk_sec": ""}, "talk"),
        ({"direction": "sideways"}, "direction"),
        ({"to": "the shop"}, "to"),
    ],
)
def test_what_is_wrong_in_a_row_is_named(cells: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        one(**cells)
    assert refused.value.field == field
    assert "9160000001" not in refused.value.message


def test_a_call_that_goes_on_is_not_taken_yet() -> None:
    with pytest.raises(BadInput, match="goes on"):
        one("twilio", sid="CA1", start_time="Tue, 03 Nov 2026 09:00:00 +0000", status="in-progress")


def test_two_employees_among_themselves_are_no_call() -> None:
    with pytest.raises(BadInput, match="employees"):
        events_of("mango", b"[];1793696400;1793696450;0;101;;102;;1110;74990000001;abonent;X\n")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-03 12:00:00", NOON),
        ("03.11.2026 12:00", NOON),
        ("2026-11-03T09:00:00Z", NOON),
        ("2026-11-03T14:00:00+05:00", NOON),
        ("1793696400", NOON),
        ("Tue, 03 Nov 2026 09:00:00 +0000", NOON),
    ],
)
def test_times_without_a_zone_are_of_the_sites(written: str, moment: datetime) -> None:
    assert one(started_at=written).started_at == moment


def test_the_same_row_is_the_same_event_even_with_other_columns() -> None:
    assert one().event_id == one(price="-0.01").event_id != one(talk_sec=6).event_id


@pytest.mark.parametrize(
    "raw",
    [
        b'{"call_id": "1", "started_at": "2026-11-03T09:00:00Z", "to": "+74990000001", "talk_sec": 5}\n'
        b'{"call_id": "2", "started_at": "2026-11-03T09:00:00Z", "to": "+74990000001", "talk_sec": 5}\n',
        "\ufeffuniqueid,calldate,src,dst,duration,billsec,disposition\r\n"
        "1,2026-11-03 12:00:00,79160000001,74990000001,9,5,ANSWERED\r\n"
        "2,2026-11-03 12:00:00,79160000001,74990000001,9,0,NO ANSWER\r\n".encode(),
    ],
)
def test_json_lines_and_asterisks_own_records_are_read(raw: bytes) -> None:
    assert [call.number for call in calls_of("generic", raw)] == [NUMBER, NUMBER]
