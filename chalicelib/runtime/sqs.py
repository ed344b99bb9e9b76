"""Messages: what a queue hands to a task, and what a task puts into a queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws, log, tracing

MOST_HIDDEN_SECONDS = 40_000  # SQS allows 12 hours in all
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 20, 3600  # of a message that is given back: doubled with every try


class TryLater(Exception):
    """The message cannot be handled yet. `consume` hides it in its queue, whose URL this names, for longer each time.

    The queue's redrive policy says how many tries there are before the message goes to the dead letters.
    """

    def __init__(self, queue_url: str, reason: str, *, first_wait: int = FIRST_WAIT_SECONDS, at_least: int = 0) -> None:
        """`first_wait`: seconds after the first try; `at_least`: seconds that the other side asked us to wait."""
        super().__init__(reason)
        self.queue_url, self.first_wait, self.at_least = queue_url, first_wait, at_least


def consume(
    task: str, event: Any, handle: Callable[[dict[str, Any], datetime], None]
) -> dict[str, list[dict[str, str]]]:
    """Give each message to `handle`; report those that raised, so that only they come back and end as dead letters.

    `event` is Chalice's SQSEvent. Return Lambda's partial batch response.
    """
    failures = []
    with log.invocation(event.context, task):
        for record in event.to_dict()["Records"]:
            with log.about(message_id=record["messageId"]):
                if not _handled(task, record, handle):
                    failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _handled(task: str, record: dict[str, Any], handle: Callable[[dict[str, Any], datetime], None]) -> bool:
    """Handle one message; False where it has to come back. One bad message must not hold up the rest."""
    try:
        with tracing.task(task):
            handle(json.loads(record["body"]), clock.utc_now())
    except TryLater as later:
        _hide(record, later)
        log.event("message_postponed", task=task, reason=str(later))
        return False
    except Exception as error:  # noqa: BLE001 - one bad message must not hold up the rest; it comes back
        log.error("message_failed", task=task, error=type(error).__name__, detail=getattr(error, "field", None))
        return False
    return True


def wait_before(receives: int, first_wait: int = FIRST_WAIT_SECONDS) -> int:
    """Return the seconds before a message that was received `receives` times is tried again."""
    return int(min(first_wait * 2 ** min(receives - 1, 20), LONGEST_WAIT_SECONDS))


def _hide(record: dict[str, Any], later: TryLater) -> None:
    """Hide the message until its next try. Where this fails, it comes back after the queue's own time."""
    seconds = wait_before(int(record["attributes"]["ApproximateReceiveCount"]), later.first_wait)
    hidden = min(max(seconds, later.at_least), MOST_HIDDEN_SECONDS)
    try:
        with aws.storage_errors():
            aws.sqs().change_message_visibility(
                QueueUrl=later.queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=hidden
            )
    except StorageUnavailable:
        log.warning("message_not_postponed")


def send(url: str, message: dict[str, Any], *, hot: bool = False, delay_seconds: int = 0) -> None:
    """Put one JSON message into a queue. Raises StorageUnavailable."""
    with aws.storage_errors():
        aws.sqs(hot=hot).send_message(
            QueueUrl=url, MessageBody=json.dumps(message, ensure_ascii=False), DelaySeconds=delay_seconds
        )
