"""A caller is always connected: every AWS call of the answering path fails in turn, on a real engine, on the wire.

Nothing is patched: boto3 talks to the local engine through a proxy that breaks what the test says. After every outage
the fault is taken away and what was spooled is recovered: the call must be there after every fault.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import boto3
import pytest
from msgspec.structs import replace

from chalicelib.calls import calls_table
from chalicelib.carriers import CARRIERS, spool_bucket
from chalicelib.carriers.receive_call import ANSWER_SECONDS, endpoint_url, receive
from chalicelib.carriers.recover_event import recover
from chalicelib.carriers.simulator.calls import SimulatedCall
from chalicelib.carriers.simulator.requests import requests_of
from chalicelib.carriers.spool_bucket import SPOOL_SECONDS, put_back, spooled_in_log
from chalicelib.core import deadline
from chalicelib.registry import store as registry
from chalicelib.runtime import aws, http
from chalicelib.runtime.http import Answer
from chalicelib.runtime.settings import settings
from infra.local.engine import CREDENTIALS, Engine
from infra.local.tables import create_tables
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING
from tests.carriers.simulator.test_requests import ANSWERING, request_of
from tests.conftest import forget_caches
from tests.fakes.fault_proxy import FaultProxy
from tests.requests import CALLER, NOW, STATIC, TARGET, messages, open_site, secret_of

pytestmark = pytest.mark.engine

NUMBERS_TARGET = "+74953333333"  # where calls to STATIC go while the registry can be read

# The AWS calls a webhook makes: those of a healthy request, then those that keep the event.
DIRECTORY = {"service": "dynamodb", "resource": "DirectoryTable"}
CALLS = {"service": "dynamodb", "resource": "CallsTable"}
ATTRIBUTE = {"service": "sqs", "body": "contains(QueueUrl, 'attribute')"}
KEPT = {"service": "sqs", "body": "contains(QueueUrl, 'kept')"}
BUCKET = {"service": "s3"}
EVERYTHING: dict[str, str] = {}
HEALTHY = {"the registry": DIRECTORY, "the calls table": CALLS, "the attribution queue": ATTRIBUTE}

FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"error": {"code": "ThrottlingException", "status": 400}},
    "failing": {"error": {"code": "InternalServerError", "status": 500}},
    "forbidden": {"error": {"code": "AccessDeniedException", "status": 400}},
    "cut off": {"reset": True},
    "hanging": {"timeout_ms": 6000},
}


class World(NamedTuple):
    """A site on the engine, and the proxy that its AWS calls go through."""

    proxy: FaultProxy
    direct: Any  # a session that no fault reaches
    environment: dict[str, str]


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    with Engine.temporary() as engine, FaultProxy.before(engine.url) as proxy:
        direct = boto3.session.Session(**CREDENTIALS)
        named = create_tables(direct.client("dynamodb", endpoint_url=engine.url), "outage")
        sqs = direct.client("sqs", endpoint_url=engine.url)
        for queue in ("attribute", "kept"):
            named[f"CALLPATH_{queue.upper()}_QUEUE"] = sqs.create_queue(QueueName=f"outage-{queue}")["QueueUrl"]
        direct.client("s3", endpoint_url=engine.url).create_bucket(Bucket="outage")
        yield World(proxy, Direct(direct, engine.url), named | engine.aws_environment() | {"CALLPATH_BUCKET": "outage"})


class Direct:
    """Clients that go to the engine past the proxy."""

    def __init__(self, session: Any, url: str) -> None:
        self._session, self._url = session, url

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._url)


PLACE_OWED, HOT_OWED, ASIDE_OWED = SPOOL_SECONDS, aws.HOT_TIMEOUTS, aws.HOT_ASIDE_TIMEOUTS


@pytest.fixture
def fault(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fault's name. What does not hang is given all the time a loaded machine may need, lest it be an outage, too."""
    name = str(getattr(request, "param", "none"))
    monkeypatch.setattr(spool_bucket, "SPOOL_SECONDS", 60)
    if name == "hanging":  # what hangs is given up on after the time that a caller is owed
        monkeypatch.setattr(aws, "HOT_TIMEOUTS", HOT_OWED)
    else:
        monkeypatch.setattr("chalicelib.carriers.receive_call.ANSWER_SECONDS", 60)
    return name


each_fault = pytest.mark.parametrize("fault", FAULTS, indirect=True)


@pytest.fixture
def world(engine: World, fault: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The site, and every cache cold: a container's first request reads all there is to read."""
    for name, value in (engine.environment | {"AWS_ENDPOINT_URL": engine.proxy.url}).items():
        monkeypatch.setenv(name, value)
    engine.proxy.inject()
    forget_caches()
    if registry.account("acc1") is None:
        open_site()
    forget_caches()
    yield engine
    finish_abandoned_work()
    engine.proxy.inject()
    messages(engine.direct, settings().kept_queue)
    empty_bucket(engine)


def finish_abandoned_work() -> None:
    """Wait, the fault still there, for what went on after its caller was answered: it must not reach the next test."""
    for thread in threading.enumerate():
        if thread.name == deadline.THREAD:
            thread.join()


_ids = itertools.count(1)


def ring(vendor: str, secret: str) -> tuple[str, Answer]:
    """A caller's first webhook; our id of the call, and what the carrier is answered."""
    call = SimulatedCall(f"call-{next(_ids)}", CALLER, STATIC, TARGET, started_at=NOW, time_zone="Europe/Moscow")
    signed = next(requests_of(vendor, call, endpoint_url(vendor, secret), SIGNING[vendor], NOW))
    return f"{vendor}-{call.call_id}", receive(request_of(signed), vendor, secret, signed.parts)


def open_endpoint(vendor: str) -> str:
    return secret_of(replace(ENDPOINTS[vendor], time_zone="Europe/Moscow"))


def forwarded_to(answer: Answer) -> str | None:
    text = answer.body if isinstance(answer.body, str) else http.to_json(answer.body)
    return next((number for number in (TARGET, NUMBERS_TARGET) if number[1:] in text), None)


def take_in(world: World) -> int:
    """What recovery does once storage is back; how many events had been kept."""
    world.proxy.inject()
    forget_caches()
    kept = messages(world.direct, settings().kept_queue)
    bucket = world.direct.client("s3")
    for found in bucket.list_objects_v2(Bucket="outage").get("Contents", []):
        place = {"bucket": {"name": "outage"}, "object": {"key": found["Key"]}}
        kept.append({"Records": [{"s3": place}]})
    for message in kept:
        recover(message, NOW + timedelta(hours=1))
    empty_bucket(world)
    return len(kept)


def empty_bucket(world: World) -> None:
    bucket = world.direct.client("s3")
    for found in bucket.list_objects_v2(Bucket="outage").get("Contents", []):
        bucket.delete_object(Bucket="outage", Key=found["Key"])


def is_stored_and_queued(world: World, call_id: str) -> bool:
    queued = messages(world.direct, settings().attribute_queue)
    return calls_table.item("s1", call_id) is not None and {"site_id": "s1", "call_id": call_id} in queued


def test_without_a_fault_the_call_is_stored_and_forwarded_to_its_numbers_target(world: World) -> None:
    call_id, answer = ring("twilio", open_endpoint("twilio"))
    assert (forwarded_to(answer), take_in(world)) == (NUMBERS_TARGET, 0)
    assert is_stored_and_queued(world, call_id)


@each_fault
@pytest.mark.parametrize("place", HEALTHY)
def test_whichever_aws_call_fails_the_caller_is_connected_and_the_call_is_not_lost(
    world: World, place: str, fault: str
) -> None:
    secret, before = open_endpoint("twilio"), world.proxy.fired()
    forget_caches()
    world.proxy.inject(HEALTHY[place] | FAULTS[fault])
    call_id, answer = ring("twilio", secret)
    assert forwarded_to(answer)
    finish_abandoned_work()
    assert world.proxy.fired() > before
    assert take_in(world) == 1
    assert is_stored_and_queued(world, call_id)


@each_fault
def test_with_the_registry_lost_after_the_endpoint_was_read_the_endpoints_own_target_rings(
    world: World, fault: str
) -> None:
    secret = open_endpoint("twilio")
    ring("twilio", secret)
    from chalicelib.registry import snapshot

    snapshot._numbers.cache_clear()  # the endpoint is remembered, the number must be read again
    world.proxy.inject(DIRECTORY | FAULTS[fault])
    call_id, answer = ring("twilio", secret)
    assert forwarded_to(answer) == TARGET
    take_in(world)
    assert is_stored_and_queued(world, call_id)


@each_fault
def test_with_the_tables_and_the_queue_gone_the_bucket_keeps_the_event(world: World, fault: str) -> None:
    secret = open_endpoint("twilio")
    forget_caches()
    world.proxy.inject({"service": "dynamodb"} | FAULTS[fault], {"service": "sqs"} | FAULTS[fault])
    call_id, answer = ring("twilio", secret)
    assert (forwarded_to(answer), take_in(world)) == (TARGET, 1)
    assert is_stored_and_queued(world, call_id)


@each_fault
@pytest.mark.parametrize("vendor", CARRIERS)
def test_with_all_of_aws_gone_every_carrier_is_answered_and_the_log_keeps_the_event(
    world: World, vendor: str, fault: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = open_endpoint(vendor)
    if fault == "hanging":  # nothing is left that could need more time
        monkeypatch.setattr(spool_bucket, "SPOOL_SECONDS", PLACE_OWED)
        monkeypatch.setattr(aws, "HOT_ASIDE_TIMEOUTS", ASIDE_OWED)
    forget_caches()
    world.proxy.inject(EVERYTHING | FAULTS[fault])
    call_id, answer = ring(vendor, secret)
    assert answer.status == 200
    assert forwarded_to(answer) == (TARGET if vendor in ANSWERING else None)  # the others forward by their own settings
    logged = capsys.readouterr().out
    assert CALLER[2:] not in logged and secret not in logged
    finish_abandoned_work()
    world.proxy.inject()
    forget_caches()
    put_back(spooled_in_log(logged + logged))
    assert take_in(world) == 1
    assert is_stored_and_queued(world, call_id)


def test_an_answer_that_is_not_awss_is_an_outage_too(world: World) -> None:
    secret = open_endpoint("twilio")
    forget_caches()
    world.proxy.inject(CALLS | {"error": {"code": "SomethingNobodyDocumented", "status": 418}})
    call_id, answer = ring("twilio", secret)
    assert (forwarded_to(answer), take_in(world)) == (TARGET, 1)
    assert is_stored_and_queued(world, call_id)


def test_what_a_caller_waits_at_the_worst_is_under_two_seconds() -> None:
    places = 2  # the queue, then the bucket
    assert ANSWER_SECONDS + places * SPOOL_SECONDS < 2
