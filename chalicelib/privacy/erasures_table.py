"""What is still to be forgotten, among the other lists of the days table: erasures under way, and how far retention is.

ERASURE    <site_id>#<erasure_id>   doc
RETENTION  <site_id>                day: the last one whose calls hold nothing personal any more
LATE       <site_id>#<day>          at: when a call of such a day came all the same
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from chalicelib.privacy.types import Erasure
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

ERASURES, RETENTION, LATE = "ERASURE", "RETENTION", "LATE"


@dataclass(frozen=True, slots=True)
class LateDay:
    """A day older than its site keeps callers, and when it last got a call."""

    site_id: str
    day: date
    at: datetime


def put_erasure(erasure: Erasure) -> None:
    """Store an order, or how far it is. Raises StorageUnavailable."""
    _put(ERASURES, f"{erasure.site_id}#{erasure.erasure_id}", "doc", msgspec.json.encode(erasure).decode())


def erasures(site_id: str | None = None) -> list[Erasure]:
    """The orders that are not done with yet, of one site or all, read consistently. Raises StorageUnavailable."""
    found = _items(ERASURES, f"{site_id}#" if site_id else "")
    return [msgspec.json.decode(item["doc"]["S"], type=Erasure) for item in found]


def finish(erasure: Erasure) -> None:
    """Forget the order, too. Raises StorageUnavailable."""
    with aws.storage_errors():
        key = _key(ERASURES, f"{erasure.site_id}#{erasure.erasure_id}")
        _client().delete_item(TableName=settings().days_table, Key=key)


def retained_until() -> dict[str, date]:
    """The last day that retention has gone through, by site. Raises StorageUnavailable."""
    return {item["sk"]["S"]: date.fromisoformat(item["day"]["S"]) for item in _items(RETENTION, "")}


def set_retained(site_id: str, day: date) -> None:
    """Note how far retention is. Raises StorageUnavailable."""
    _put(RETENTION, site_id, "day", day.isoformat())


def put_late(site_id: str, day: date, now: datetime) -> None:
    """Note that a day which retention may have gone through has got a call. Raises StorageUnavailable."""
    _put(LATE, f"{site_id}#{day.isoformat()}", "at", now.isoformat())


def late_days() -> list[LateDay]:
    """The days that have got a call since, of all sites. Raises StorageUnavailable."""
    return [_late(item) for item in _items(LATE, "")]


def forget_late(late: LateDay) -> None:
    """Take the note away, unless the day has got another call since it was read. Raises StorageUnavailable."""
    client = _client()
    try:
        with aws.storage_errors():
            client.delete_item(
                TableName=settings().days_table,
                Key=_key(LATE, f"{late.site_id}#{late.day.isoformat()}"),
                ConditionExpression="#at = :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": late.at.isoformat()}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return


def _late(item: dict[str, Any]) -> LateDay:
    site_id, _, day = item["sk"]["S"].rpartition("#")
    return LateDay(site_id, date.fromisoformat(day), datetime.fromisoformat(item["at"]["S"]))


def _put(pk: str, sk: str, name: str, value: str) -> None:
    with aws.storage_errors():
        _client().put_item(TableName=settings().days_table, Item={**_key(pk, sk), name: {"S": value}})


def _items(pk: str, prefix: str) -> Iterator[dict[str, Any]]:
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if prefix:
        condition, values = "pk = :pk AND begins_with(sk, :prefix)", values | {":prefix": {"S": prefix}}
    return aws.query(settings().days_table, condition, values, ConsistentRead=True)


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _client() -> Any:
    return aws.client("dynamodb")
