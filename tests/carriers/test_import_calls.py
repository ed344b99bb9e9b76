"""A carrier's history through the real storage: once, beside its webhooks, matched to who held the number then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.find_evidence import FORGOTTEN
from chalicelib.calls import callers, calls_table
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.types import CallStatus
from chalicelib.carriers.import_calls import from_drop, import_rows
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import DYNAMIC, LEASED, hang_up, ring, site, visitor  # noqa: F401 - a fixture
from tests.requests import (
    CALLER,
    FIXTURES,
    NOW,
    STATIC,
    TWILIO,
    messages,
    open_site,
    secret_of,
    twilio_call,
    twilio_request,
)

FILE = (FIXTURES / "history" / "twilio.json").read_bytes()
IMPORTED_AT = datetime(2026, 11, 4, 9, tzinfo=UTC)


def queued(aws: Any) -> list[str]:
    return [message["call_id"] for message in messages(aws, settings().attribute_queue)]


def to_deliver(aws: Any) -> int:
    """How many messages wait in the deliver queue, most of them till their delay is over."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    queue = aws.client("sqs").get_queue_attributes(QueueUrl=settings().deliver_queue, AttributeNames=names)
    return sum(int(queue["Attributes"][name]) for name in names)


def row(**cells: Any) -> bytes:
    row = {"call_id": "1", "started_at": "2026-11-22T09:52:30Z", "from": CALLER, "to": STATIC, "talk_sec": 5} | cells
    return json.dumps([row]).encode()


def found(call_id: str) -> Any:
    attributed = calls_table.call("s1", call_id)
    assert attributed is not None
    return attributed


def test_calls_land_once_and_are_attributed(aws: Any) -> None:
    open_site()
    first = import_rows("s1", "twilio", FILE, IMPORTED_AT)
    assert first == {"rows": 5, "calls": 3, "landed": 5, "unchanged": 0, "older_than_leases": 0, "rejected": []}
    call_ids = queued(aws)
    assert call_ids == ["twilio-CA1", "twilio-CA2", "twilio-CA3"]
    for call_id in call_ids:
        attribute({"site_id": "s1", "call_id": call_id}, IMPORTED_AT)
    call = found("twilio-CA1")
    assert (call.call.talk_seconds, call.evidence.kind, call.day.isoformat()) == (45, EvidenceKind.STATIC, "2026-11-03")
    assert callers.open_caller(call.call) == CALLER
    again = import_rows("s1", "twilio", FILE, IMPORTED_AT)
    assert (again["landed"], again["unchanged"], queued(aws)) == (0, 5, [])
    assert found("twilio-CA1") == call


def test_no_number_lies_open_in_the_table(aws: Any) -> None:
    open_site()
    import_rows("s1", "twilio", FILE, IMPORTED_AT)
    assert CALLER[2:] not in json.dumps(aws.client("dynamodb").scan(TableName=settings().calls_table)["Items"])


def test_bad_rows_are_reported_and_good_ones_land(aws: Any) -> None:
    open_site()
    raw = (
        b"uniqueid;calldate;src;dst;billsec;disposition\n"
        b"1;03.11.2026 12:00;+79160000001;+74990000001;5;ANSWERED\n"
        b"2;soon;+79160000001;+74990000001;5;ANSWERED\n"
        b";03.11.2026 12:00;+79160000001;+74990000001;5;ANSWERED\n"
        b"4;03.11.2027 12:00;+79160000001;+74990000001;5;ANSWERED\n"
        b"5;03.11.2026 12:00;+79160000001;+74990000001;5;ANSWERED;more;cells\n"
        b"6;03.11.2026 12:00;+79160000001;the shop;5;ANSWERED\n"
    )
    report = import_rows("s1", "generic", raw, IMPORTED_AT)
    assert (report["rows"], report["landed"]) == (6, 1)
    rejected = [(each["line"], each["field"]) for each in report["rejected"]]
    assert rejected == [(3, "started_at"), (4, "call_id"), (5, "started_at"), (6, "row"), (7, "to")]
    assert "9160000001" not in json.dumps(report)


@pytest.mark.parametrize("raw", [b"[1, 2]", b'{"a": 1}\nno json\n'])
def test_what_is_no_call_at_all_is_rejected(aws: Any, raw: bytes) -> None:
    open_site()
    report = import_rows("s1", "generic", raw, IMPORTED_AT)
    assert (report["rows"], report["landed"], len(report["rejected"])) == (2, 0, 2)


@pytest.mark.parametrize(
    ("site_id", "vendor", "raw", "error"),
    [
        ("s9", "twilio", FILE, NotFound),
        ("s1", "pigeon", FILE, BadInput),
        ("s1", "twilio", b"[]", BadInput),
        ("s1", "twilio", b'{"calls": []}', BadInput),
        ("s1", "generic", b"\xff\xfe\x00", BadInput),
        ("s1", "generic", b"\n", BadInput),
    ],
)
def test_what_cannot_be_a_history_is_refused(aws: Any, site_id: str, vendor: str, raw: bytes, error: Any) -> None:
    open_site()
    with pytest.raises(error):
        import_rows(site_id, vendor, raw, IMPORTED_AT)


def test_a_call_that_webhooks_reported_stays_as_they_reported_it(aws: Any) -> None:
    from chalicelib.carriers.receive_call import receive

    open_site()
    secret = secret_of(TWILIO)
    for parts, form in twilio_call(sid="CA1"):
        receive(twilio_request(secret, form, *parts), "twilio", secret, parts)
    attribute({"site_id": "s1", "call_id": "twilio-CA1"}, NOW)
    before = found("twilio-CA1").call
    history = json.loads(FILE)
    for call in history["calls"]:  # an hour off, as with a wrong zone, and other lengths
        call["start_time"] = "Sun, 22 Nov 2026 08:52:30 +0000"
        call["duration"] = "99"
    queued(aws)
    assert import_rows("s1", "twilio", json.dumps(history).encode(), NOW)["landed"] == 5
    assert "twilio-CA1" in queued(aws)
    attribute({"site_id": "s1", "call_id": "twilio-CA1"}, NOW)
    after = found("twilio-CA1").call
    names = (
        "started_at",
        "answered_at",
        "ended_at",
        "talk_seconds",
        "status",
        "answered_by",
        "caller_key",
        "recording_url",
    )
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
    assert after.events == before.events + 2


def test_what_the_webhooks_did_not_report_comes_from_the_history(aws: Any) -> None:
    open_site()
    attribute(ring(number=STATIC), NOW)  # and then nothing more: an outage
    assert found("generic-1").call.status is CallStatus.OPEN
    import_rows("s1", "generic", row(call_id="1", talk_sec=33, duration_sec=40), NOW)
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    call = found("generic-1").call
    assert (call.status, call.talk_seconds, call.started_at) == (CallStatus.ACCEPTED, 33, NOW)


def test_an_imported_call_finds_who_held_the_number_then(site: Any) -> None:  # noqa: F811
    import_rows("s1", "generic", row(to=DYNAMIC), NOW + timedelta(days=3))
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW + timedelta(days=3))
    evidence = found("generic-1").evidence
    assert (evidence.kind, evidence.visitor, evidence.leased_at) == (EvidenceKind.LIVE, visitor(), LEASED)


def test_a_call_older_than_the_leases_says_so(site: Any) -> None:  # noqa: F811
    late = NOW + timedelta(days=100)
    assert import_rows("s1", "generic", row(to="+74990000102"), late)["older_than_leases"] == 1
    report = import_rows("s1", "generic", row(to=DYNAMIC, started_at="2026-08-01T09:00:00Z"), late)
    assert report["older_than_leases"] == 1
    attribute({"site_id": "s1", "call_id": "generic-1"}, late)
    evidence = found("generic-1").evidence
    assert (evidence.kind, evidence.why, evidence.pool_id) == (EvidenceKind.UNKNOWN, FORGOTTEN, "p1")


def test_history_is_no_news(aws: Any) -> None:
    open_site(destinations=(Destination("webhook", {"url": "http://127.0.0.1:9/", "secret": "s"}),))
    import_rows("s1", "generic", row(talk_sec=0), NOW)
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    assert to_deliver(aws) == 0
    ring("generic-1", number=STATIC)  # but a call that webhooks reported is delivered in any case
    hang_up("generic-1")
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    assert to_deliver(aws) == 1


def test_an_import_that_died_half_way_is_made_good_by_the_next(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    open_site()
    url = settings().attribute_queue
    monkeypatch.setenv("CALLPATH_ATTRIBUTE_QUEUE", "https://sqs.eu-central-1.amazonaws.com/123456789012/gone")
    settings.cache_clear()
    with pytest.raises(StorageUnavailable):
        import_rows("s1", "twilio", FILE, IMPORTED_AT)
    monkeypatch.setenv("CALLPATH_ATTRIBUTE_QUEUE", url)
    settings.cache_clear()
    report = import_rows("s1", "twilio", FILE, IMPORTED_AT)
    assert (report["landed"], report["unchanged"]) == (3, 2)  # the first call's rows had been written
    assert queued(aws) == ["twilio-CA1", "twilio-CA2", "twilio-CA3"]


def test_every_call_is_queued(aws: Any) -> None:
    open_site()
    cells = {"started_at": "2026-11-03T09:00:00Z", "from": CALLER, "to": STATIC, "talk_sec": 5}
    rows = [{"call_id": str(number), **cells} for number in range(23)]
    import_rows("s1", "generic", json.dumps(rows).encode(), IMPORTED_AT)
    assert sorted(queued(aws)) == sorted(f"generic-{number}" for number in range(23))


def test_a_dropped_file_names_its_carrier_and_its_result_lies_beside_it(aws: Any) -> None:
    open_site()
    s3 = aws.client("s3")

    def drop(name: str) -> dict[str, Any]:
        key = f"drop/calls/s1/{name}"
        s3.put_object(Bucket=settings().bucket, Key=key, Body=FILE)
        record = {"s3": {"bucket": {"name": settings().bucket}, "object": {"key": key}}}
        from_drop({"Records": [record]}, IMPORTED_AT)
        body = s3.get_object(Bucket=settings().bucket, Key=f"drop-results/{key}.json")["Body"].read()
        report: dict[str, Any] = json.loads(body)
        return report

    assert drop("Twilio-2026-11.json")["landed"] == 5
    assert drop("calls.json")["field"] == "vendor"
