"""A message that fails comes back alone."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest
from chalice.app import SQSEvent
from moto.sqs import sqs_backends

from chalicelib.runtime import sqs
from chalicelib.runtime.settings import settings
from tests.conftest import REGION


def batch(*bodies: Any) -> SQSEvent:
    records = [
        {"body": body if isinstance(body, str) else json.dumps(body), "receiptHandle": "r", "messageId": str(index)}
        for index, body in enumerate(bodies)
    ]
    return SQSEvent({"Records": records}, None)


def test_only_the_failed_messages_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    handled = []

    def handle(message: dict[str, Any], now: datetime) -> None:
        if message["n"] == 1:
            raise ValueError("+79160000001")
        handled.append((message["n"], now.tzinfo is not None))

    answer = sqs.consume("task", batch({"n": 0}, {"n": 1}, {"n": 2}), handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert handled == [(0, True), (2, True)]
    assert "+7916" not in capsys.readouterr().out


def test_a_message_that_is_no_json_reaches_the_dead_letters() -> None:
    answer = sqs.consume("task", batch("not json"), lambda _message, _now: None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_a_message_that_is_too_early_is_hidden_for_longer_each_time(aws: Any) -> None:
    client = aws.client("sqs")
    url = client.create_queue(QueueName="early")["QueueUrl"]
    sqs.send(url, {"n": 1})
    (message,) = client.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    records = {"body": message["Body"], "receiptHandle": message["ReceiptHandle"], "messageId": "1"}
    event = SQSEvent({"Records": [records | {"attributes": {"ApproximateReceiveCount": "1"}}]}, None)

    def handle(message: dict[str, Any], now: datetime) -> None:
        raise sqs.TryLater(url, "Not ready.")

    assert sqs.consume("task", event, handle) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    counts = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_the_waits_double_up_to_an_hour_and_fill_a_day() -> None:
    waits = [sqs.wait_before(receives) for receives in range(1, 31)]
    assert waits[:9] == [20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert set(waits[9:]) == {3600}
    assert 23 * 3600 < sum(waits) < 24 * 3600


def test_a_wait_that_cannot_be_set_still_gives_the_message_back(aws: Any) -> None:
    records = {"body": "{}", "receiptHandle": "r", "messageId": "1", "attributes": {"ApproximateReceiveCount": "1"}}

    def handle(message: dict[str, Any], now: datetime) -> None:
        raise sqs.TryLater("https://sqs.eu-central-1.amazonaws.com/123456789012/gone", "Not ready.")

    answer = sqs.consume("task", SQSEvent({"Records": [records]}, None), handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_a_message_waits_at_least_as_long_as_somebody_asked(aws: Any) -> None:
    url, client = settings().deliver_queue, aws.client("sqs")
    sqs.send(url, {"n": 1})
    (message,) = client.receive_message(QueueUrl=url, VisibilityTimeout=360)["Messages"]
    record = {"body": message["Body"], "receiptHandle": message["ReceiptHandle"], "messageId": "1"}
    hidden = []
    for tries, asked in (("1", 0), ("3", 0), ("1", 35), ("4", 35), ("1", 99_999)):
        event = SQSEvent({"Records": [record | {"attributes": {"ApproximateReceiveCount": tries}}]}, None)

        def handle(message: dict[str, Any], now: datetime, asked: int = asked) -> None:
            raise sqs.TryLater(url, "Too many.", first_wait=10, at_least=asked)

        before = time.time()
        sqs.consume("deliver", event, handle)
        (held,) = sqs_backends["123456789012"][REGION].queues["test-deliver"]._messages
        hidden.append((held.visible_at / 1000 - time.time(), held.visible_at / 1000 - before))
    for seconds, (least, most) in zip((10, 40, 35, 80, 40_000), hidden, strict=True):
        assert least - 0.01 <= seconds <= most + 0.01  # moto counts milliseconds
