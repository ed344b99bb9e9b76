"""Calls whose end never comes are closed by the clock; the index that finds them holds nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import calls_table, open_calls_index
from chalicelib.calls.close_calls import MOST, QUIET, close
from chalicelib.calls.events_table import add_events
from chalicelib.calls.types import CallEvent, CallStatus
from chalicelib.delivery.deliver import Undelivered, deliver
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import hang_up, marked, ring
from tests.requests import NOW, STATIC, messages, open_site

LATER = NOW + QUIET + timedelta(seconds=1)
MESSAGE = {"site_id": "s1", "call_id": "generic-1"}


@pytest.fixture
def site(aws: Any) -> Any:
    open_site()
    return aws


def stored_call(call_id: str = "generic-1") -> Any:
    attributed = calls_table.call("s1", call_id)
    assert attributed is not None
    return attributed.call


def is_open(aws: Any, call_id: str = "generic-1") -> bool:
    return f"s1#{call_id}" in {item["pk"]["S"] for item in indexed(aws)}


def indexed(aws: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=settings().calls_table, IndexName="by_open")[
        "Items"
    ]
    return found


def waiting_for_delivery(aws: Any) -> int:
    name = "ApproximateNumberOfMessagesDelayed"
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=settings().deliver_queue, AttributeNames=[name])
    return int(answer["Attributes"][name])


def queued(aws: Any) -> list[dict[str, Any]]:
    return messages(aws, settings().attribute_queue)


def test_a_call_that_nobody_ended_is_closed_marked_and_passed_on(site: Any) -> None:
    attribute(ring(number=STATIC), NOW)
    assert is_open(site) and stored_call().status is CallStatus.OPEN
    assert close(LATER) == {"closed": 1}
    assert queued(site) == [MESSAGE]
    attribute(MESSAGE, LATER)
    call = stored_call()
    assert (call.status, call.end_missing, call.ended_at, call.talk_seconds) == (CallStatus.MISSED, True, NOW, 0)
    assert waiting_for_delivery(site) == 1
    assert not is_open(site) and marked()
    assert close(LATER + QUIET) == {"closed": 0}


def test_an_end_that_comes_after_all_counts_instead(site: Any) -> None:
    attribute(ring(number=STATIC), NOW)
    close(LATER)
    attribute(MESSAGE, LATER)
    hang_up(at=NOW + timedelta(seconds=70))
    attribute(MESSAGE, LATER)
    call = stored_call()
    assert (call.status, call.end_missing, call.talk_seconds) == (CallStatus.ACCEPTED, False, 60)
    assert call.ended_at == NOW + timedelta(seconds=70)


def test_a_call_that_ended_or_was_heard_of_since_stays_as_it_is(site: Any) -> None:
    attribute(ring("generic-1", STATIC), NOW)
    hang_up("generic-1")
    attribute(MESSAGE, NOW)
    attribute(ring("generic-2", STATIC), NOW)
    heard = CallEvent("hold", "generic-2", at=NOW)
    add_events("s1", "generic-2", ("generic", "e-pbx"), [heard], NOW + timedelta(hours=1))  # received then
    assert not is_open(site, "generic-1")
    assert close(LATER) == {"closed": 0}
    assert close(LATER + timedelta(hours=1)) == {"closed": 1}


def test_an_end_between_the_look_and_the_closing_keeps_it_from_being_closed(site: Any) -> None:
    attribute(ring(number=STATIC), NOW)
    (call,) = open_calls_index.begun_before(LATER, MOST)
    hang_up()
    attribute(MESSAGE, NOW)
    assert not open_calls_index.add_closing(call, LATER)
    assert not stored_call().end_missing


def test_a_run_that_broke_after_its_write_is_made_good_by_the_next(site: Any) -> None:
    attribute(ring(number=STATIC), NOW)
    (call,) = open_calls_index.begun_before(LATER, MOST)
    assert open_calls_index.add_closing(call, LATER)  # and then the queue was gone
    assert close(LATER + timedelta(minutes=30)) == {"closed": 1}
    assert queued(site) == [MESSAGE]


def test_the_index_holds_only_what_is_open_and_a_bound_number_is_taken(site: Any) -> None:
    for index in range(20):
        attribute(ring(f"generic-{index}", STATIC), NOW)
    assert {item["open_shard"]["S"] for item in indexed(site)} == {f"open-{n}" for n in range(open_calls_index.SHARDS)}
    assert set(indexed(site)[0]) == {"pk", "open_shard", "started_ms"}
    assert len(list(open_calls_index.begun_before(LATER, 1))) == open_calls_index.SHARDS
    assert not list(open_calls_index.begun_before(NOW, MOST))


def test_a_webhook_writes_nothing_into_the_index(site: Any) -> None:
    ring(number=STATIC)
    assert indexed(site) == []


def test_a_call_that_was_passed_on_is_not_delivered_before_its_end(aws: Any) -> None:
    open_site(destinations=(Destination("pigeon", {}),))
    attribute(ring(number=STATIC), NOW)
    deliver(MESSAGE, NOW)  # the destination is not even looked up
    hang_up()
    attribute(MESSAGE, NOW)
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)
