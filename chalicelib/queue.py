"""Messages: what a queue hands to a task, and what a task puts into a queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib import aws, clock, log, tracing


def consume(
    task: str, event: Any, handle: Callable[[dict[str, Any], datetime], None]
) -> dict[str, list[dict[str, str]]]:
    """Give each message to `handle`; report those that raised, so that only they come back and, in the end, are dead.

    `event` is Chalice's SQSEvent; the answer is Lambda's partial batch response.
    """
    failures = []
    for record in event.to_dict()["Records"]:
        try:
            with tracing.task(task):
                handle(json.loads(record["body"]), clock.utc_now())
        except Exception as error:  # one bad message must not hold up the rest; the queue gives it back
            log.event(
                "message_failed",
                task=task,
                message_id=record["messageId"],
                error=type(error).__name__,
                detail=getattr(error, "field", None),
            )
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def send(url: str, message: dict[str, Any], *, hot: bool = False, delay_seconds: int = 0) -> None:
    """Put one JSON message into a queue. Raises botocore's errors; the caller knows what must not be lost."""
    aws.client("sqs", hot=hot).send_message(
        QueueUrl=url, MessageBody=json.dumps(message, ensure_ascii=False), DelaySeconds=delay_seconds
    )
