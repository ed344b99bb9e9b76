"""Finished calls reach each destination once: a real HTTP server takes them, fails, or is not there."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls.events_table import add_events
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.settle_delay import MISSED_SETTLE_SECONDS, SETTLE_SECONDS
from chalicelib.calls.types import CallEvent, Direction
from chalicelib.core.errors import NotFound, SignatureRejected
from chalicelib.delivery import outbox_table
from chalicelib.delivery.deliver import Undelivered, deliver, destination_name
from chalicelib.recordings.recordings_table import put_recording
from chalicelib.registry.types import Destination
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import hang_up, ring
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.requests import CALLER, NOW, STATIC, open_site

MESSAGE = {"site_id": "s1", "call_id": "generic-1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def closed_url() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def ended_call(*urls: str, talk: int = 60) -> None:
    open_site(destinations=tuple(Destination("webhook", {"url": url, "secret": "s3"}) for url in urls))
    message = ring(number=STATIC)
    hang_up(talk=talk)
    attribute(message, NOW)


def test_a_call_is_posted_once_signed_with_its_evidence_and_source(aws: Any, receiver: Receiver, capsys: Any) -> None:
    ended_call(receiver.url)
    deliver(MESSAGE, NOW)
    deliver(MESSAGE, NOW + timedelta(hours=1))
    ((headers, body),) = receiver.taken
    payload = json.loads(body)
    webhook_signature.check(headers, body, "s3", NOW)
    with pytest.raises(SignatureRejected):
        webhook_signature.check(headers, body + b" ", "s3", NOW)
    assert (payload["call"]["caller"], payload["call"]["talk_seconds"], payload["call"]["day"]) == (
        CALLER,
        60,
        "2026-11-22",
    )
    assert (payload["evidence"]["kind"], payload["source"]["channel"], payload["source"]["campaign"]) == (
        "static",
        "offline",
        "Авито",
    )
    assert "alert" not in payload
    assert CALLER not in capsys.readouterr().out


def test_a_missed_call_carries_an_alert(aws: Any, receiver: Receiver) -> None:
    ended_call(receiver.url, talk=0)
    deliver(MESSAGE, NOW)
    assert json.loads(receiver.taken[0][1])["alert"] == "missed"


def test_a_customer_who_did_not_answer_us_is_no_missed_call(aws: Any, receiver: Receiver) -> None:
    open_site(destinations=(Destination("webhook", {"url": receiver.url}),))
    message = ring(number=STATIC, direction=Direction.OUT)
    hang_up(talk=0)
    attribute(message, NOW)
    deliver(MESSAGE, NOW)
    assert "alert" not in json.loads(receiver.taken[0][1])


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_refusal_is_tried_again(aws: Any, receiver: Receiver, status: int) -> None:
    ended_call(receiver.url)
    receiver.answers = [(status, b"")]
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)
    deliver(MESSAGE, NOW)
    assert len(receiver.taken) == 2
    first, second = ((headers["x-calltrack-delivery"], json.loads(body)) for headers, body in receiver.taken)
    assert first == second  # the other side can recognise a repetition


def test_one_destinations_failure_does_not_keep_the_call_from_the_others(
    aws: Any, receiver: Receiver, closed_url: str
) -> None:
    ended_call(closed_url, receiver.url)
    for _ in range(2):
        with pytest.raises(Undelivered):
            deliver(MESSAGE, NOW)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h.example/", ""])
def test_only_http_goes_out(aws: Any, url: str) -> None:
    ended_call(url)
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)


def test_a_destination_we_do_not_know_fails_into_the_dead_letters(aws: Any) -> None:
    open_site(destinations=(Destination("pigeon", {}),))
    message = ring(number=STATIC)
    hang_up()
    attribute(message, NOW)
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)


def test_a_sender_that_died_is_followed_by_another_after_a_minute(aws: Any, receiver: Receiver) -> None:
    ended_call(receiver.url)
    (delivery_id,) = {f"s1#generic-1#{name}" for name in names_of(receiver.url)}
    assert outbox_table.claim(delivery_id, NOW) is outbox_table.Claim.MINE  # and then the sender dies
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW + timedelta(seconds=30))
    deliver(MESSAGE, NOW + timedelta(seconds=61))
    assert len(receiver.taken) == 1
    assert outbox_table.claim(delivery_id, NOW + timedelta(days=1)) is outbox_table.Claim.DELIVERED


def names_of(url: str) -> list[str]:
    return [destination_name(Destination("webhook", {"url": url, "secret": "rotated"}))]


def test_a_call_that_does_not_exist_goes_to_the_dead_letters(aws: Any) -> None:
    open_site()
    with pytest.raises(NotFound):
        deliver(MESSAGE, NOW)
    assert aws.client("dynamodb").scan(TableName=settings().outbox_table)["Count"] == 0


def two_places(url: str, calls: str) -> None:
    to_people = Destination("webhook", {"url": url + "?2", "secret": "s", "calls": calls})
    open_site(destinations=(Destination("webhook", {"url": url, "secret": "s"}), to_people))


@pytest.mark.parametrize(
    ("calls", "talk", "delivered"), [("missed", 0, 2), ("missed", 9, 1), ("answered", 0, 1), ("all", 9, 2)]
)
def test_a_destination_gets_the_calls_it_wants(
    aws: Any, receiver: Receiver, calls: str, talk: int, delivered: int
) -> None:
    two_places(receiver.url, calls)
    message = ring(number=STATIC)
    hang_up(talk=talk)
    attribute(message, NOW)
    deliver(MESSAGE, NOW)
    assert len(receiver.taken) == delivered


def test_the_business_ringing_a_customer_is_neither_missed_nor_answered(aws: Any, receiver: Receiver) -> None:
    two_places(receiver.url, "missed")
    message = ring(number=STATIC, direction=Direction.OUT)
    hang_up(talk=0)
    attribute(message, NOW)
    deliver(MESSAGE, NOW)
    assert len(receiver.taken) == 1


def test_a_call_that_goes_on_after_all_is_not_delivered(aws: Any, receiver: Receiver) -> None:
    open_site(destinations=(Destination("webhook", {"url": receiver.url, "secret": "s"}),))
    attribute(ring(number=STATIC), NOW)
    deliver(MESSAGE, NOW)
    assert not receiver.taken


def test_another_choice_of_calls_language_or_secret_is_the_same_destination() -> None:
    options = {"token": "1:a", "chat_id": "7", "calls": "all"}
    changed = options | {"token": "2:b", "calls": "missed", "language": "ru"}
    assert destination_name(Destination("telegram", options)) == destination_name(Destination("telegram", changed))
    assert destination_name(Destination("telegram", options | {"chat_id": "8"})) != destination_name(
        Destination("telegram", options)
    )


def waits(session: Any) -> list[int]:
    """The delays of what lies in the deliver queue, in seconds."""
    from moto.sqs import sqs_backends

    (queue,) = [q for q in sqs_backends["123456789012"]["eu-central-1"].queues.values() if "deliver" in q.name]
    return [
        round((message.delayed_until - (message.sent_timestamp or 0)) / 1000) if message.delayed_until else 0
        for message in queue._messages
    ]


def test_a_missed_call_is_delivered_at_once_if_the_carrier_said_so_and_later_if_only_silence_does(
    aws: Any,
) -> None:
    open_site()
    message = ring(number=STATIC)
    end = CallEvent("line-end", "generic-1", at=NOW, ended_at=NOW)
    add_events("s1", "generic-1", ("generic", "e-pbx"), [end], NOW)
    attribute(message, NOW)
    hang_up(talk=0)
    attribute(message, NOW)
    assert waits(aws) == [SETTLE_SECONDS, MISSED_SETTLE_SECONDS]


# ---- recordings ------------------------------------------------------------------------------------------------------


def test_a_stored_recording_is_delivered_once_more_to_who_asked(aws: Any, receiver: Receiver) -> None:
    asked = {"url": receiver.url, "secret": "s3", "recordings": "yes"}
    open_site(destinations=(Destination("webhook", asked), Destination("webhook", asked | {"recordings": "no"})))
    message = ring(number=STATIC)
    hang_up(talk=0)
    attribute(message, NOW)
    deliver(MESSAGE, NOW)
    key = "recordings/s1/generic-1/r1.mp3"
    put_recording("s1", "generic-1", Recording("r1", RecordingState.STORED, key=key, seconds=44))
    for _ in range(2):
        deliver(MESSAGE | {"recording_id": "r1"}, NOW)
    first, second, third = (json.loads(body) for _, body in receiver.taken)
    assert [each["recordings"] for each in (first, second)] == [[], []]
    assert ("alert" in first, "alert" in third, third["recording"]) == (True, False, "r1")
    (recording,) = third["recordings"]
    assert (recording["key"], recording["seconds"], recording["state"]) == (key, 44, "stored")
    assert f"/{key}?" in recording["url"]
