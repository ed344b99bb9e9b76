"""Calls whose end no event has reported: an index of only these, and the event that closes one.

Attribution adds a call to it and removes it, in a write it makes anyway: a webhook pays nothing for it. The index
holds keys only, so a call costs two write units in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from chalicelib.calls import call_item
from chalicelib.calls.events_table import call_pk
from chalicelib.calls.types import CallEvent
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

INDEX, SHARD = "by_open", "open_shard"
SHARDS = 8  # a partition of an index takes 1,000 writes a second, and holds up the table where it cannot
CLOSED = "closed"  # the event's id: a call is closed once


class OpenCall(NamedTuple):
    """The ids of an open call."""

    site_id: str
    call_id: str


def shard_of(call_id: str) -> str:
    """Return the part of the index a call is in."""
    return f"open-{crc32(call_id.encode()) % SHARDS}"


def begun_before(moment: datetime, limit: int) -> Iterator[OpenCall]:
    """Yield open calls that began before `moment`, at most `limit` of each shard, the oldest first.

    Raises StorageUnavailable.
    """
    for shard in range(SHARDS):
        with aws.storage_errors():
            answer = aws.dynamodb().query(
                TableName=settings().calls_table,
                IndexName=INDEX,
                KeyConditionExpression=f"{SHARD} = :shard AND started_ms < :moment",
                ExpressionAttributeValues={
                    ":shard": {"S": f"open-{shard}"},
                    ":moment": {"N": str(call_item.millis(moment))},
                },
                Limit=limit,
            )
        for item in answer["Items"]:
            site_id, _, call_id = item["pk"]["S"].partition("#")
            yield OpenCall(site_id, call_id)


def add_closing(call: OpenCall, now: datetime) -> bool:
    """Write the event that closes a call; False where it is not open any more. Raises StorageUnavailable."""
    event = CallEvent(CLOSED, call.call_id, at=now, closing=True)
    text = call_item.event_text(event, now, signing_key=settings().signing_key, context="")
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().calls_table,
                Key=call_pk(call.site_id, call.call_id),
                UpdateExpression="SET #event = if_not_exists(#event, :event)",
                ConditionExpression=f"attribute_exists({SHARD})",
                ExpressionAttributeNames={"#event": call_item.EVENT + CLOSED},
                ExpressionAttributeValues={":event": {"S": text}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
