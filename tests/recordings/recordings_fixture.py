"""A call whose carrier reports a recording, and one try after another to fetch it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item
from chalicelib.calls import calls_table as calls
from chalicelib.calls.events_table import add_events
from chalicelib.calls.recording import Recording
from chalicelib.calls.types import CallEvent, Direction
from chalicelib.recordings.fetch_recording import fetch
from chalicelib.registry import store as registry
from chalicelib.runtime import sqs
from chalicelib.runtime.settings import settings
from tests.carriers.carrier_examples import ENDPOINTS
from tests.fakes.carrier_server import mp3
from tests.requests import CALLER, NOW, STATIC, messages

AUDIO = mp3(50)
CALL = {"site_id": "s1", "call_id": "call-1"}


def report(vendor: str = "generic", at: datetime = NOW, name: str = "recording", **said: Any) -> None:
    """Store an event that reports a recording."""
    event = CallEvent(name, "1", at=at, caller=CALLER, number=STATIC, direction=Direction.IN, started_at=NOW, **said)
    add_events("s1", "call-1", (vendor, f"e-{vendor}"), [event], at)


def attributed(now: datetime = NOW) -> list[dict[str, Any]]:
    """Attribute the call; the messages that ask for its recordings."""
    attribute(CALL, now)
    return queued()


def queued() -> list[dict[str, Any]]:
    import boto3

    return messages(boto3.session.Session(), settings().recording_queue)


def known() -> Recording:
    (recording,) = found()
    return recording


def found() -> tuple[Recording, ...]:
    item = calls.item("s1", "call-1")
    assert item is not None
    return call_item.recordings_of(item)


def fetched(recording_id: str, now: datetime = NOW) -> Recording:
    """The recording after one try that ends well or for good."""
    fetch(CALL | {"recording_id": recording_id}, now)
    return {each.recording_id: each for each in found()}[recording_id]


def postponed(recording_id: str, now: datetime = NOW) -> Recording:
    """The recording after one try that is to be followed by another."""
    with pytest.raises(sqs.TryLater) as later:
        fetch(CALL | {"recording_id": recording_id}, now)
    assert later.value.queue_url == settings().recording_queue
    return {each.recording_id: each for each in found()}[recording_id]


def objects(session: Any) -> dict[str, bytes]:
    s3 = session.client("s3")
    found = s3.list_objects_v2(Bucket=settings().bucket, Prefix="recordings/").get("Contents", ())
    return {each["Key"]: s3.get_object(Bucket=settings().bucket, Key=each["Key"])["Body"].read() for each in found}


def endpoint(vendor: str, **credentials: str) -> None:
    registry.create_endpoint(replace(ENDPOINTS[vendor], credentials=ENDPOINTS[vendor].credentials | credentials))
