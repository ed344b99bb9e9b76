"""The calls table on the hot path: one UpdateItem stores a carrier event, in any order and any number of times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.calls import call_item
from chalicelib.calls.types import CallEvent
from chalicelib.core import encryption
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

CALL_DAYS = 1100  # a day is rebuilt from its calls whenever a late deal changes it, so calls outlive any sales cycle


def call_pk(site_id: str, call_id: str) -> dict[str, dict[str, str]]:
    """Return the key of a call's item."""
    return {"pk": {"S": f"{site_id}#{call_id}"}}


def add_events(
    site_id: str,
    call_id: str,
    endpoint: tuple[str, str],
    events: Sequence[CallEvent],
    received_at: datetime,
    *,
    hot: bool = True,
) -> call_item.Item:
    """Upsert events of one call; `endpoint` is (vendor, endpoint_id). An event that is there already changes nothing.

    Where nobody waits (`hot` is False) return the item as it was before, else an empty one.

    A caller's number is sealed here, before anything is stored: attribution seals it anew under the caller's own key.
    Raises StorageUnavailable.
    """
    names = {"#v": "vendor", "#e": "endpoint_id", "#x": "x"}
    values: dict[str, Any] = {
        ":v": {"S": endpoint[0]},
        ":e": {"S": endpoint[1]},
        ":x": {"N": str(int(received_at.timestamp()) + CALL_DAYS * 86_400)},
    }
    context = encryption.context_of_call(site_id, call_id)
    for index, event in enumerate(events):
        names[f"#{index}"] = call_item.EVENT + event.event_id
        values[f":{index}"] = {
            "S": call_item.event_text(event, received_at, signing_key=settings().signing_key, context=context)
        }
    parts = [f"{name} = if_not_exists({name}, :{name[1:]})" for name in names]
    with aws.storage_errors():
        answer = aws.dynamodb(hot=hot).update_item(
            TableName=settings().calls_table,
            Key=call_pk(site_id, call_id),
            UpdateExpression="SET " + ", ".join(parts),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="NONE" if hot else "ALL_OLD",
        )
    before: call_item.Item = answer.get("Attributes", {})
    return before
