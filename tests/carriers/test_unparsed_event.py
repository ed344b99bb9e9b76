"""What a carrier signed and we cannot read is kept, shown with its call, and hangs up on nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table
from chalicelib.calls.fold import fold
from chalicelib.calls.types import Call, CallStatus
from chalicelib.carriers import CARRIERS, carrier, spool_bucket
from chalicelib.carriers.receive_call import endpoint_url, receive
from chalicelib.carriers.recover_event import recover
from chalicelib.carriers.simulator.calls import SEQUENCES, Step
from chalicelib.carriers.simulator.requests import Signed, _signed
from chalicelib.core.errors import BadInput
from chalicelib.runtime import http
from chalicelib.runtime.http import Answer
from chalicelib.runtime.settings import settings
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING
from tests.carriers.simulator.test_requests import ANSWERING, MOSCOW, SIMULATED, request_of
from tests.requests import CALLER, NOW, TARGET, messages, open_site, secret_of


class Spoiled(NamedTuple):
    """Which step of the simulated call is spoiled, and how."""

    step: int
    fields: Mapping[str, Any]
    field: str


SPOILED = {
    "exolve": Spoiled(0, {"params": {"numberA": CALLER[1:], "call_sid": "call-1"}}, "params.sip_id"),
    "mango": Spoiled(3, {"create_time": "soon"}, "timestamp"),
    "plivo": Spoiled(0, {"To": ""}, "To"),
    "telnyx": Spoiled(0, {"To": "sip:shop@example.com"}, "To"),
    "twilio": Spoiled(0, {"To": "sip:shop@example.com"}, "To"),
    "uis": Spoiled(0, {"event": "invented"}, "event"),
    "vonage": Spoiled(0, {"to": None}, "to"),
    "zadarma": Spoiled(0, {"call_start": "soon"}, "call_start"),
}


@pytest.fixture
def site(aws: Any) -> Any:
    open_site()
    return aws


def spoiled(vendor: str, secret: str) -> Signed:
    how = SPOILED[vendor]
    step = SEQUENCES[vendor](SIMULATED)[how.step]
    fields = {**step.fields, **how.fields}
    return _signed(vendor, Step(step.parts, fields), endpoint_url(vendor, secret), SIGNING[vendor], NOW)


def open_endpoint(vendor: str) -> str:
    return secret_of(replace(ENDPOINTS[vendor], time_zone=MOSCOW))


def post(vendor: str, secret: str) -> Answer:
    signed = spoiled(vendor, secret)
    return receive(request_of(signed), vendor, secret, signed.parts)


def call_of(vendor: str) -> Call:
    item = calls_table.item("s1", f"{vendor}-call-1")
    assert item is not None
    return fold(call_item.record_of(item))


def kept_of(aws: Any) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=settings().bucket, Prefix=spool_bucket.UNREAD)
    return [each["Key"] for each in found.get("Contents", [])]


def test_every_carrier_but_our_own_contract_keeps_what_it_cannot_read() -> None:
    assert set(SPOILED) == set(CARRIERS) - {"generic"}  # a PBX's script is corrected by who wrote it
    assert all(hasattr(carrier(vendor), "CALL_FIELDS") for vendor in SPOILED)


@pytest.mark.parametrize("vendor", SPOILED)
def test_it_is_kept_and_shown_with_its_call_and_the_caller_is_forwarded(
    vendor: str, site: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = open_endpoint(vendor)
    answer = post(vendor, secret)
    assert answer.status == 200
    if vendor in ANSWERING:
        assert TARGET[1:] in http.to_json(answer.body)
    call = call_of(vendor)
    assert (call.unread, call.events, call.status) == (1, 1, CallStatus.OPEN)
    (event,) = [each for _, each in call_item.record_of(calls_table.item("s1", call.call_id) or {}).events]
    assert event.unread == SPOILED[vendor].field
    (key,) = kept_of(site)
    raw = site.client("s3").get_object(Bucket=settings().bucket, Key=key)["Body"].read()
    assert spool_bucket.read(json.loads(raw)).request.body == spoiled(vendor, secret).body
    logged = capsys.readouterr().out
    assert '"event": "event_unread"' in logged
    assert CALLER[1:] not in logged and CALLER[1:] not in raw.decode()
    assert messages(site, settings().attribute_queue) == [{"site_id": "s1", "call_id": call.call_id}]


@pytest.mark.parametrize("vendor", SPOILED)
def test_its_repetition_changes_nothing_and_the_other_events_make_the_call(vendor: str, site: Any) -> None:
    secret = open_endpoint(vendor)
    post(vendor, secret)
    post(vendor, secret)
    assert len(kept_of(site)) == call_of(vendor).events == 1
    for index, step in enumerate(SEQUENCES[vendor](SIMULATED)):
        if index != SPOILED[vendor].step:
            signed = _signed(vendor, step, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
            receive(request_of(signed), vendor, secret, signed.parts)
    call = call_of(vendor)
    assert (call.talk_seconds, call.status, call.unread) == (45, CallStatus.ACCEPTED, 1)


def test_moved_into_the_kept_events_it_is_judged_again(site: Any) -> None:
    secret = open_endpoint("twilio")
    post("twilio", secret)
    (key,) = kept_of(site)
    bucket, again = settings().bucket, key.replace(spool_bucket.UNREAD, spool_bucket.PREFIX)
    site.client("s3").copy_object(Bucket=bucket, CopySource={"Bucket": bucket, "Key": key}, Key=again)
    recover({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": again}}}]}, NOW + timedelta(days=3))
    assert call_of("twilio").events == 1  # we still cannot parse it: nothing changes
    assert kept_of(site) == [key]


@pytest.mark.parametrize("vendor", SPOILED)
def test_with_the_bucket_gone_it_waits_with_the_kept_events(
    vendor: str, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = open_endpoint(vendor)
    monkeypatch.setenv("CALLPATH_BUCKET", "no-such-bucket")
    settings.cache_clear()
    assert post(vendor, secret).status == 200
    assert len(messages(site, settings().kept_queue)) == 1


@pytest.mark.parametrize("body", [b'{"call_session_id": ', b'{"event": "started"}', b"[]", b'"x"', b"\xff{}"])
def test_what_names_no_call_is_refused_and_leaves_nothing(body: bytes, site: Any) -> None:
    secret = open_endpoint("uis")
    request = replace(request_of(spoiled("uis", secret)), body=body)
    with pytest.raises(BadInput):
        receive(request, "uis", secret, ())
    assert not kept_of(site)
    assert site.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 0
