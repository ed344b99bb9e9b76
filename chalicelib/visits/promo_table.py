"""Promo codes in the visitors table: one item each, so that a caller's code leads to its page view by one read.

pk <site id>#promo#<code>, sk 0; visitor, url; shown, expires: milliseconds since 1970
x N            from then on somebody else may get the code, and storage may delete it

An expired code is not given to others at once: a caller who says it late must not be taken for the next visitor who is
shown it. Storage deletes late, so only conditions on the clock decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core import clock
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

REST = timedelta(days=30)  # after a code expired


class ShownCode(Struct, frozen=True):
    """A promo code as one visitor saw it on one page."""

    code: str
    visitor: str  # 24 hex digits
    shown_at: datetime  # first
    url: str
    expires_at: datetime


class Taken(NamedTuple):
    """The current state of a code, and whether it was made now."""

    shown: ShownCode
    new: bool


def take(site_id: str, shown: ShownCode, now: datetime, most: timedelta) -> Taken | None:
    """Store a code; None where it is somebody else's. `most` is how long it may be stored at all.

    The same visitor on the same page keeps the code and its first moment, and its expiry moves on; an expired code is
    shown anew. Raises StorageUnavailable.
    """
    client = aws.dynamodb(hot=True)
    item = {**_key(site_id, shown.code), **_expiries(shown, now, most)}
    item |= {"visitor": {"S": shown.visitor}, "url": {"S": shown.url}, "shown": {"N": _millis(shown.shown_at)}}
    free = "attribute_not_exists(pk) OR x < :now"
    own_and_expired = "visitor = :visitor AND #url = :url AND expires < :millis"
    values = {":now": {"N": str(int(now.timestamp()))}, ":millis": {"N": _millis(now)}}
    try:
        with aws.storage_errors():
            client.put_item(
                TableName=settings().visitors_table,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                Item=item,
                ConditionExpression=f"{free} OR ({own_and_expired})",
                ExpressionAttributeNames={"#url": "url"},
                ExpressionAttributeValues=values | {":visitor": item["visitor"], ":url": item["url"]},
            )
        return Taken(shown, new=True)
    except client.exceptions.ConditionalCheckFailedException as refused:
        there = aws.item_of(refused)
    existing = _shown(shown.code, there) if there else find(site_id, shown.code)
    if existing is None or (existing.visitor, existing.url) != (shown.visitor, shown.url):
        return None
    # No longer than the event of its showing is stored, by which an erasure finds it.
    expires_at = max(existing.expires_at, min(shown.expires_at, existing.shown_at + most))
    return _extend(site_id, replace(existing, expires_at=expires_at), now, most)


def find(site_id: str, code: str) -> ShownCode | None:
    """Return a code as stored, read consistently; it may have expired. Raises StorageUnavailable."""
    with aws.storage_errors():
        answer = aws.dynamodb(hot=True).get_item(
            TableName=settings().visitors_table, Key=_key(site_id, code), ConsistentRead=True
        )
    return _shown(code, answer["Item"]) if "Item" in answer else None


def forget(site_id: str, code: str, visitor: str) -> None:
    """Delete a code, if it was shown to this visitor. Raises StorageUnavailable."""
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.delete_item(
                TableName=settings().visitors_table,
                Key=_key(site_id, code),
                ConditionExpression="visitor = :visitor",
                ExpressionAttributeValues={":visitor": {"S": visitor}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return  # expired and gone, another visitor's by now, or a code of the website's own


def _extend(site_id: str, shown: ShownCode, now: datetime, most: timedelta) -> Taken | None:
    """Store a later expiry; None where the code has become somebody else's."""
    client = aws.dynamodb(hot=True)
    expiries = _expiries(shown, now, most)
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().visitors_table,
                Key=_key(site_id, shown.code),
                UpdateExpression="SET expires = :expires, x = :x",
                ConditionExpression="visitor = :visitor AND shown = :shown",
                ExpressionAttributeValues={
                    ":expires": expiries["expires"],
                    ":x": expiries["x"],
                    ":visitor": {"S": shown.visitor},
                    ":shown": {"N": _millis(shown.shown_at)},
                },
            )
    except client.exceptions.ConditionalCheckFailedException:
        return None
    return Taken(shown, new=False)


def _expiries(shown: ShownCode, now: datetime, most: timedelta) -> dict[str, dict[str, str]]:
    free_from = max(shown.expires_at, min(shown.expires_at + REST, now + most))
    return {"expires": {"N": _millis(shown.expires_at)}, "x": {"N": str(int(free_from.timestamp()))}}


def _key(site_id: str, code: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{site_id}#promo#{code}"}, "sk": {"N": "0"}}


def _shown(code: str, item: Mapping[str, Any]) -> ShownCode:
    shown, expires = (clock.from_epoch(int(item[name]["N"]) / 1000, field=name) for name in ("shown", "expires"))
    return ShownCode(code, item["visitor"]["S"], shown, item["url"]["S"], expires)


def _millis(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))
