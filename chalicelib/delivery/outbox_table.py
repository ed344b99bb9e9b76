"""What was delivered where: one item per (call, destination), claimed before it is sent and marked after.

One item per destination and minute counts the alerts, so that a storm of calls is no storm of messages.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.calls.call_item import millis
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

CLAIM_SECONDS = 60  # longer than any sending; after it a sender counts as dead
KEPT_DAYS = 400
TURNS_KEPT_SECONDS = 3600


class Claim(StrEnum):
    """What a claim found."""

    MINE = "mine"
    DELIVERED = "delivered"  # before
    BUSY = "busy"  # another sender is at it, or died less than a minute ago


def claim(delivery_id: str, now: datetime) -> Claim:
    """Take the right to send, unless it was sent or is being sent. Raises StorageUnavailable."""
    client = _client()
    nobody = "attribute_not_exists(pk)"
    gave_up = "attribute_not_exists(delivered_ms) AND claimed_until < :now"
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().outbox_table,
                Key={"pk": {"S": delivery_id}},
                UpdateExpression="SET claimed_until = :until, x = :x ADD tries :one",
                ConditionExpression=f"{nobody} OR ({gave_up})",
                ExpressionAttributeValues={
                    ":now": {"N": str(millis(now))},
                    ":until": {"N": str(millis(now) + CLAIM_SECONDS * 1000)},
                    ":x": {"N": str(int(now.timestamp()) + KEPT_DAYS * 86_400)},
                    ":one": {"N": "1"},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except client.exceptions.ConditionalCheckFailedException as taken:
        return Claim.DELIVERED if "delivered_ms" in (aws.item_of(taken) or {}) else Claim.BUSY
    return Claim.MINE


def mark_delivered(delivery_id: str, now: datetime) -> None:
    """Note that it was sent: nobody sends it again."""
    _set(delivery_id, "SET delivered_ms = :at", millis(now))


def give_back(delivery_id: str) -> None:
    """Note that the sending failed: the next try need not wait."""
    _set(delivery_id, "SET claimed_until = :at", 0)


def take_turn(name: str, now: datetime) -> int:
    """Count one more alert to a destination within this minute: 1 for the first. Raises StorageUnavailable."""
    minute = int(now.timestamp()) // 60
    with aws.storage_errors():
        answer = _client().update_item(
            TableName=settings().outbox_table,
            Key={"pk": {"S": f"{name}#{minute}"}},
            UpdateExpression="SET x = :x ADD turns :one",
            ExpressionAttributeValues={":x": {"N": str(minute * 60 + TURNS_KEPT_SECONDS)}, ":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
    return int(answer["Attributes"]["turns"]["N"])


def _set(delivery_id: str, expression: str, value: int) -> None:
    with aws.storage_errors():
        _client().update_item(
            TableName=settings().outbox_table,
            Key={"pk": {"S": delivery_id}},
            UpdateExpression=expression,
            ExpressionAttributeValues={":at": {"N": str(value)}},
        )


def _client() -> Any:
    return aws.dynamodb()
