"""Webhooks through the real task on AWS tables: what is stored, what is refused, that the caller is connected."""

from __future__ import annotations

import itertools
import json
import random
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, callers, calls_table
from chalicelib.calls.fold import fold
from chalicelib.calls.types import Call, CallStatus
from chalicelib.carriers import spool_bucket
from chalicelib.carriers.receive_call import MAX_EVENT_BYTES, receive
from chalicelib.core.errors import BadInput, NotFound, SignatureRejected, StorageUnavailable, TooLarge
from chalicelib.registry import store as registry
from chalicelib.registry.endpoint_token import seal_endpoint
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.requests import (
    CALL_SID,
    CALLER,
    CRM,
    NOW,
    PBX,
    POOL,
    STATIC,
    TARGET,
    TWILIO,
    messages,
    open_site,
    pbx_call,
    post,
    secret_of,
    signed_request,
    twilio_call,
    twilio_request,
    twiml,
)

INCOMING = twilio_call()[0][1]


@pytest.fixture
def twilio_secret(aws: Any) -> str:
    open_site()
    return secret_of(TWILIO)


@pytest.fixture
def pbx_secret(aws: Any) -> str:
    open_site()
    return secret_of(PBX)


def folded(call_id: str = f"twilio-{CALL_SID}") -> Call:
    item = calls_table.item("s1", call_id)
    assert item is not None
    return replace(fold(call_item.record_of(item)), caller_sealed=None)  # each sealing gives another text


def caller_of(call_id: str) -> str | None:
    item = calls_table.item("s1", call_id)
    assert item is not None
    return callers.open_caller(fold(call_item.record_of(item)))


def nothing_stored(aws: Any) -> bool:
    count = aws.client("dynamodb").scan(TableName=settings().calls_table)["Count"]
    return count == 0 and not messages(aws, settings().attribute_queue) and not messages(aws, settings().kept_queue)


def dialled(answer: Any) -> str | None:
    number = twiml(answer).find("Dial/Number")
    return None if number is None else number.text


def test_an_incoming_call_is_stored_queued_and_forwarded_to_its_numbers_target(aws: Any, twilio_secret: str) -> None:
    answer = receive(twilio_request(twilio_secret, INCOMING), "twilio", twilio_secret, ())
    assert dialled(answer) == "+74953333333"
    assert messages(aws, settings().attribute_queue) == [{"site_id": "s1", "call_id": f"twilio-{CALL_SID}"}]
    assert (folded().caller_masked, folded().number, folded().status) == ("+791******01", STATIC, CallStatus.OPEN)
    assert caller_of(f"twilio-{CALL_SID}") == CALLER


def test_what_is_stored_of_a_webhook_holds_no_callers_number(aws: Any, twilio_secret: str) -> None:
    pbx_secret = secret_of(PBX)
    for parts, form in twilio_call():
        receive(twilio_request(twilio_secret, form, *parts), "twilio", twilio_secret, parts)
    for payload in pbx_call():
        receive(signed_request(payload), "generic", pbx_secret, ())
    items = aws.client("dynamodb").scan(TableName=settings().calls_table)["Items"]
    assert len(items) == 2
    assert CALLER[1:] not in json.dumps(items) and CALLER[2:] not in json.dumps(items)


def test_a_pools_number_forwards_to_the_pools_target(twilio_secret: str) -> None:
    form = INCOMING | {"To": str(POOL.overflow_number)}
    assert dialled(receive(twilio_request(twilio_secret, form), "twilio", twilio_secret, ())) == POOL.target_number


def test_an_unknown_number_is_stored_all_the_same_and_forwarded_as_the_endpoint_says(twilio_secret: str) -> None:
    form = INCOMING | {"To": "+74959999999"}
    assert dialled(receive(twilio_request(twilio_secret, form), "twilio", twilio_secret, ())) == TARGET
    assert folded().number == "+74959999999"


def test_callbacks_to_the_urls_we_handed_out_verify(twilio_secret: str) -> None:
    first = receive(twilio_request(twilio_secret, INCOMING), "twilio", twilio_secret, ())
    dial = twiml(first).find("Dial")
    assert dial is not None
    form = dict(twilio_call()[3][1])
    request = twilio_request(twilio_secret, form, "dial")
    assert dial.attrib["action"] == f"{settings().public_url}/v1/carriers/twilio/{twilio_secret}/dial"
    assert "<Hangup/>" in receive(request, "twilio", twilio_secret, ("dial",)).body
    assert folded().talk_seconds == 45


def test_webhooks_of_a_call_in_any_order_and_repeated_converge_to_one_call(aws: Any, twilio_secret: str) -> None:
    steps = twilio_call()
    dice, seen = random.Random(7), set()
    for turn in range(8):
        sid = f"CA{turn}"
        moments = [(parts, form, NOW + timedelta(seconds=at)) for at, (parts, form) in enumerate(twilio_call(sid))]
        played = [*moments, *dice.choices(moments, k=4)]
        dice.shuffle(played)
        for parts, form, now in played:
            receive(twilio_request(twilio_secret, form, *parts, now=now), "twilio", twilio_secret, parts)
        call = folded(f"twilio-{sid}")
        assert call.events == len(steps)
        seen.add(replace(call, call_id="", first_seen_at=NOW))
    assert len(seen) == 1
    assert aws.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 8


def test_pbx_events_in_every_order_converge_to_one_call(pbx_secret: str) -> None:
    seen = set()
    for index, order in enumerate(itertools.permutations(pbx_call())):
        for step in order:
            payload = step | {"call_id": f"leg{index}", "linked_id": f"call{index}"}
            assert receive(signed_request(payload), "generic", pbx_secret, ()).body["ok"]
        call = folded(f"generic-call{index}")
        assert [(leg.who, leg.talk_seconds) for leg in call.legs] == [("101", 47)]
        seen.add(replace(call, call_id="", legs=()))
    assert len(seen) == 1
    assert next(iter(seen)).talk_seconds == 47


def test_a_pbx_gets_the_target_of_a_starting_call(pbx_secret: str) -> None:
    answer = receive(signed_request(pbx_call()[0]), "generic", pbx_secret, ())
    assert answer.body == {"ok": True, "forward_to": "+74953333333"}


@pytest.mark.parametrize("carrier", ["twilio", "generic", "nobody"])
def test_a_url_we_did_not_make_is_not_found_and_leaves_nothing(aws: Any, twilio_secret: str, carrier: str) -> None:
    forged = [twilio_secret[:-2] + ("AA" if twilio_secret[-2:] != "AA" else "BB"), "x", "", "я", "A" * 3000]
    for secret in [*forged, *([twilio_secret] if carrier != "twilio" else [])]:
        with pytest.raises(NotFound):
            receive(post(b"CallSid=CA1", {}), carrier, secret, ())
    assert nothing_stored(aws)


def test_a_closed_endpoint_and_a_crms_endpoint_take_no_calls(aws: Any, twilio_secret: str) -> None:
    closed = secret_of(replace(TWILIO, endpoint_id="e-closed"))
    registry.close_endpoint("s1", "e-closed")
    for secret, carrier in ((closed, "twilio"), (secret_of(CRM), "generic")):
        request = twilio_request(secret, INCOMING) if carrier == "twilio" else signed_request(pbx_call()[0])
        with pytest.raises(NotFound):
            receive(request, carrier, secret, ())
    assert nothing_stored(aws)


def test_an_endpoint_whose_record_is_lost_still_connects_the_caller_and_keeps_the_event(
    aws: Any, twilio_secret: str
) -> None:
    from chalicelib.carriers.recover_event import recover

    lost = replace(TWILIO, endpoint_id="e-lost")
    secret = seal_endpoint(lost, "RU", settings().signing_key)
    assert dialled(receive(twilio_request(secret, INCOMING), "twilio", secret, ())) == TARGET
    (kept,) = messages(aws, settings().kept_queue)
    with pytest.raises(StorageUnavailable):
        recover(kept, NOW + timedelta(minutes=1))
    registry.create_endpoint(lost)  # restored from a backup
    recover(kept, NOW + timedelta(minutes=10))
    assert folded().started_at == NOW


def test_a_failed_signature_is_refused_and_leaves_nothing(aws: Any, twilio_secret: str) -> None:
    good = twilio_request(twilio_secret, INCOMING)
    bad = [
        twilio_request(twilio_secret, INCOMING, token="guess"),
        replace(good, headers={}),
        replace(good, body=good.body[:-5]),
        replace(good, body=b"\xff" + good.body),
    ]
    for request in bad:
        with pytest.raises((SignatureRejected, BadInput)):
            receive(request, "twilio", twilio_secret, ())
    with pytest.raises(SignatureRejected):
        receive(good, "twilio", twilio_secret, ("dial",))  # signed for another URL
    assert nothing_stored(aws)


def test_a_replayed_pbx_event_is_refused_after_five_minutes(aws: Any, pbx_secret: str) -> None:
    request = replace(signed_request(pbx_call()[0]), now=NOW + timedelta(minutes=6))
    with pytest.raises(SignatureRejected):
        receive(request, "generic", pbx_secret, ())
    assert nothing_stored(aws)


def test_a_malformed_body_names_its_field_and_leaves_nothing(aws: Any, pbx_secret: str) -> None:
    for payload, field in ((pbx_call()[0] | {"to": None}, "to"), (b'{"event":', "body"), (b"\xff\xfe", "body")):
        with pytest.raises(BadInput) as refused:
            receive(signed_request(payload), "generic", pbx_secret, ())
        assert refused.value.field == field
    assert nothing_stored(aws)


def test_a_body_no_carrier_would_send_is_too_large(aws: Any, pbx_secret: str) -> None:
    with pytest.raises(TooLarge):
        receive(signed_request(b"x" * (MAX_EVENT_BYTES + 1)), "generic", pbx_secret, ())
    assert nothing_stored(aws)


def test_a_get_is_not_an_event(aws: Any, twilio_secret: str) -> None:
    answer = receive(post(b"", {}, method="GET"), "twilio", twilio_secret, ())
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert nothing_stored(aws)


def test_a_callback_costs_one_write_and_one_message(
    aws: Any, twilio_secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(twilio_request(twilio_secret, INCOMING), "twilio", twilio_secret, ())  # fills the container's memory
    made: list[str] = []
    from chalicelib.runtime import aws as clients

    for client in (clients.dynamodb(hot=True), clients.sqs(hot=True)):
        client.meta.events.register("before-call", lambda model, **_: made.append(model.name))
    parts, form = twilio_call()[4]
    receive(twilio_request(twilio_secret, form, *parts), "twilio", twilio_secret, parts)
    assert made == ["UpdateItem", "SendMessage"]
    assert CALLER not in capsys.readouterr().out


# ---- storage is down: nothing is patched, the addresses simply do not answer -------------------------------------


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def all_down(closed_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT_URL": closed_port}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("DIRECTORY_TABLE", "CALLS_TABLE", "BUCKET"):
        monkeypatch.setenv(f"CALLPATH_{name}", "nowhere")
    for name in ("ATTRIBUTE", "KEPT"):
        monkeypatch.setenv(f"CALLPATH_{name}_QUEUE", f"{closed_port}/queue/{name}")
    forget_caches()


def test_with_all_storage_dead_the_caller_is_forwarded(
    environment: None, all_down: None, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = seal_endpoint(TWILIO, "RU", settings().signing_key)
    answer = receive(twilio_request(secret, INCOMING), "twilio", secret, ())
    assert dialled(answer) == TARGET
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["where"], line["count"]) for line in lines] == [("event_kept", "log", 1)]
    assert CALLER not in json.dumps(lines) and secret not in json.dumps(lines)


def test_with_storage_silent_instead_of_dead_the_caller_is_still_forwarded(
    environment: None, all_down: None, silent_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", silent_port)
    forget_caches()
    secret = seal_endpoint(TWILIO, "RU", settings().signing_key)
    assert dialled(receive(twilio_request(secret, INCOMING), "twilio", secret, ())) == TARGET


def test_a_pbx_also_learns_where_to_forward_with_storage_dead(environment: None, all_down: None) -> None:
    secret = seal_endpoint(PBX, "RU", settings().signing_key)
    answer = receive(signed_request(pbx_call()[0]), "generic", secret, ())
    assert answer.body == {"ok": True, "forward_to": TARGET}


@pytest.fixture
def calls_table_down(closed_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB is dead; queues and the bucket work."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", closed_port)
    forget_caches()


def test_the_event_is_kept_in_the_queue_and_taken_in_when_storage_is_back(
    aws: Any, twilio_secret: str, calls_table_down: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.carriers.recover_event import recover

    for parts, form in twilio_call():
        answer = receive(twilio_request(twilio_secret, form, *parts), "twilio", twilio_secret, parts)
        assert parts or dialled(answer) == TARGET
    kept = messages(aws, settings().kept_queue)
    assert len(kept) == len(twilio_call())
    assert all(set(message) == {"carrier", "received_at", "sealed"} for message in kept)
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
    forget_caches()
    for message in reversed(kept):
        recover(message, NOW + timedelta(hours=5))
        recover(message, NOW + timedelta(hours=6))
    assert (folded().talk_seconds, folded().started_at, folded().events) == (45, NOW, len(twilio_call()))
    assert {m["call_id"] for m in messages(aws, settings().attribute_queue)} == {f"twilio-{CALL_SID}"}


def test_with_the_queue_dead_too_the_event_is_kept_in_the_bucket(
    aws: Any, twilio_secret: str, calls_table_down: None, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.carriers.recover_event import recover

    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", closed_port)
    forget_caches()
    assert dialled(receive(twilio_request(twilio_secret, INCOMING), "twilio", twilio_secret, ())) == TARGET
    s3 = aws.client("s3")
    (found,) = s3.list_objects_v2(Bucket=settings().bucket, Prefix=spool_bucket.PREFIX)["Contents"]
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
    monkeypatch.delenv("AWS_ENDPOINT_URL_SQS")
    forget_caches()
    place = {"bucket": {"name": settings().bucket}, "object": {"key": found["Key"]}}
    lying = s3.get_object(Bucket=settings().bucket, Key=found["Key"])["Body"].read()
    assert set(json.loads(lying)) == {"carrier", "received_at", "sealed"}
    recover({"Records": [{"s3": place}]}, NOW + timedelta(hours=5))
    assert folded().started_at == NOW
    assert "Contents" not in s3.list_objects_v2(Bucket=settings().bucket, Prefix=spool_bucket.PREFIX)
    recover({"Records": [{"s3": place}]}, NOW + timedelta(hours=6))  # S3 may give its notice twice


def test_when_only_the_attribution_queue_fails_the_event_is_kept(
    aws: Any, twilio_secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLPATH_ATTRIBUTE_QUEUE", settings().attribute_queue + "-gone")
    forget_caches()
    assert dialled(receive(twilio_request(twilio_secret, INCOMING), "twilio", twilio_secret, ())) == TARGET
    assert len(messages(aws, settings().kept_queue)) == 1
