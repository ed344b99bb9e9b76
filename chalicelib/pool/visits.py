"""Where visitors came from and what they did on the page, in storage: one item each under the visitor."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import aws, clock
from chalicelib.settings import settings

FRACTIONS = 999_999  # of a millisecond, that keep events of one moment apart; a touch has none


@dataclass(frozen=True, slots=True)
class RawTouch:
    """One arrival as seen; nothing is concluded from it yet."""

    at: datetime
    url: str
    referrer: str
    region: str


def record_touch(site_id: str, visitor: str, touch: RawTouch, ttl_days: int = 400) -> None:
    """Store a touch; the same one again changes nothing. `visitor` is 24 hex digits. Raises StorageUnavailable."""
    said = {"url": touch.url, "referrer": touch.referrer, "region": touch.region}
    _put(site_id, visitor, str(_milliseconds(touch.at)), touch.at, said, ttl_days)


def record_event(
    site_id: str, visitor: str, kind: str, at: datetime, fields: Mapping[str, str], ttl_days: int = 400
) -> None:
    """Store what a visitor did; the same event again changes nothing. Raises StorageUnavailable."""
    said = {"type": kind, **fields}
    digest = hashlib.blake2s(repr(sorted(said.items())).encode(), digest_size=8).digest()
    fraction = 1 + int.from_bytes(digest) % FRACTIONS
    _put(site_id, visitor, f"{_milliseconds(at)}.{fraction:06d}", at, said, ttl_days)


def touches_between(site_id: str, visitor: str, since: datetime, until: datetime) -> tuple[RawTouch, ...]:
    """The visitor's touches, both ends included, oldest first. Raises StorageUnavailable."""
    request: dict[str, Any] = {
        "TableName": settings().visitors_table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :since AND :until",
        "FilterExpression": "attribute_not_exists(#type)",
        "ExpressionAttributeNames": {"#type": "type"},
        "ExpressionAttributeValues": {
            ":pk": {"S": f"{site_id}#{visitor}"},
            ":since": {"N": str(_milliseconds(since))},
            ":until": {"N": str(_milliseconds(until))},
        },
    }
    items: list[dict[str, Any]] = []
    while True:
        with aws.storage_errors():
            answer = aws.client("dynamodb", hot=True).query(**request)
        items += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return tuple(_touch(item) for item in items)
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _put(site_id: str, visitor: str, sort_key: str, at: datetime, fields: Mapping[str, str], ttl_days: int) -> None:
    item = {name: {"S": value} for name, value in fields.items() if value}
    item["pk"] = {"S": f"{site_id}#{visitor}"}
    expires = int(at.timestamp()) + ttl_days * 86_400
    with aws.storage_errors():
        aws.client("dynamodb", hot=True).put_item(
            TableName=settings().visitors_table, Item={**item, "sk": {"N": sort_key}, "x": {"N": str(expires)}}
        )


def _touch(item: Mapping[str, Any]) -> RawTouch:
    said = {name: item.get(name, {"S": ""})["S"] for name in ("url", "referrer", "region")}
    return RawTouch(clock.from_epoch(int(item["sk"]["N"]) / 1000, field="sk"), **said)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
