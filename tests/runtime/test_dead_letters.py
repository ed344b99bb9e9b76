from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.runtime import dead_letters


@pytest.fixture
def queues(aws: Any) -> tuple[Any, str, str]:
    """An SQS client, a queue and its dead letters, of which there are 13."""
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    source = sqs.create_queue(QueueName="source", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    for place in range(13):
        sqs.send_message(QueueUrl=dead, MessageBody=json.dumps({"call": place}))
    return sqs, source, dead


def waiting(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_all_dead_letters_go_back_to_their_queue(queues: tuple[Any, str, str]) -> None:
    sqs, source, dead = queues

    assert dead_letters.redrive(dead) == 13

    assert (waiting(sqs, source), waiting(sqs, dead)) == (13, 0)
    bodies = {sqs.receive_message(QueueUrl=source)["Messages"][0]["Body"] for _ in range(13)}
    assert bodies == {json.dumps({"call": place}) for place in range(13)}


def test_one_may_be_tried_first(queues: tuple[Any, str, str]) -> None:
    sqs, source, dead = queues

    assert dead_letters.redrive(dead, limit=1) == 1

    assert (waiting(sqs, source), waiting(sqs, dead)) == (1, 12)


def test_a_queue_that_nobody_gives_up_into_is_not_redriven(queues: tuple[Any, str, str]) -> None:
    _, source, _ = queues

    with pytest.raises(NotFound):
        dead_letters.redrive(source)
