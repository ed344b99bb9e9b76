"""Messages that a task gave up on, moved back to their queue once the cause is fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.errors import NotFound
from chalicelib.runtime import aws

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10


def redrive(dead_letters_url: str, limit: int | None = None) -> int:
    """Move up to `limit` messages (None: all that wait now) back to their source queue and return how many.

    A message is deleted here only after it was sent there: at worst it is there twice, which tasks tolerate.
    Raises NotFound where no queue has these dead letters, StorageUnavailable.
    """
    with aws.storage_errors():
        source = _source_of(dead_letters_url)
        # Counted first: a message that fails again and comes back must not be moved for ever.
        waiting = _waiting(dead_letters_url)
        left = waiting if limit is None else min(limit, waiting)
        moved = 0
        while moved < left:
            messages = _receive(dead_letters_url, min(BATCH, left - moved))
            if not messages:
                break
            for message in messages:
                _move(message, dead_letters_url, source)
            moved += len(messages)
    return moved


def _source_of(dead_letters_url: str) -> str:
    answer = aws.sqs().list_dead_letter_source_queues(QueueUrl=dead_letters_url)
    urls: list[str] = answer.get("queueUrls", [])
    if not urls:
        raise NotFound("No queue sends its dead letters there.")
    return urls[0]


def _waiting(url: str) -> int:
    answer = aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _receive(url: str, count: int) -> list[MessageTypeDef]:
    answer = aws.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=count, WaitTimeSeconds=1)
    return answer.get("Messages", [])


def _move(message: MessageTypeDef, dead_letters_url: str, source: str) -> None:
    sqs = aws.sqs()
    sqs.send_message(QueueUrl=source, MessageBody=message["Body"])
    sqs.delete_message(QueueUrl=dead_letters_url, ReceiptHandle=message["ReceiptHandle"])
