"""The days whose facts must be rebuilt: marked by each change of a day, removed when it is rebuilt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from chalicelib.calls.call_item import millis
from chalicelib.core import clock, tokens
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

DIRTY = "DIRTY"
TOGETHER = 25  # items DynamoDB takes in one batch
TRIES = 8  # of what a batch left over


class ChangedDay(Struct, frozen=True):
    """A day of a site that changed; the token is that of the last change."""

    site_id: str
    day: date
    token: str
    changed_at: datetime


def mark_changed(site_id: str, day: date) -> None:
    """Note that something of this day changed. Every mark has a new token. Raises StorageUnavailable."""
    with aws.storage_errors():
        _client().put_item(TableName=settings().days_table, Item=_mark(site_id, day))


def mark_all(site_id: str, changed: Iterable[date | None]) -> None:
    """Mark several days, each once; None is no day."""
    for day in sorted({day for day in changed if day}):
        mark_changed(site_id, day)


def mark_many(marks: Iterable[tuple[str, date]]) -> int:
    """Mark many days, (site, day) each, 25 a request; return how many. Raises StorageUnavailable."""
    wanted = sorted(set(marks))
    for start in range(0, len(wanted), TOGETHER):
        puts = [{"PutRequest": {"Item": _mark(*each)}} for each in wanted[start : start + TOGETHER]]
        waiting: dict[str, Any] = {settings().days_table: puts}
        for _ in range(TRIES):
            with aws.storage_errors():
                waiting = _client().batch_write_item(RequestItems=waiting)["UnprocessedItems"]
            if not waiting:
                break
        else:
            raise StorageUnavailable("The storage is busy. Try again.")
    return len(wanted)


def changed_days() -> list[ChangedDay]:
    """Return all marked days, by site and day, read consistently."""
    marks = aws.query(settings().days_table, "pk = :dirty", {":dirty": {"S": DIRTY}}, ConsistentRead=True)
    return [_changed(item) for item in marks]


def forget(changed: ChangedDay) -> bool:
    """Take the mark away, unless the day changed again since it was read: then False, and the mark stays."""
    client = _client()
    try:
        with aws.storage_errors():
            client.delete_item(
                TableName=settings().days_table,
                Key=_key(changed.site_id, changed.day),
                ConditionExpression="changed = :token",
                ExpressionAttributeValues={":token": {"S": changed.token}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _mark(site_id: str, day: date) -> dict[str, dict[str, str]]:
    changed_at = clock.utc_now()  # how long a rebuild has been due is a matter of real time, in a simulation too
    token, since = {"S": tokens.random_id("")}, {"N": str(millis(changed_at))}
    return {**_key(site_id, day), "changed": token, "changed_ms": since}


def _changed(item: dict[str, Any]) -> ChangedDay:
    site_id, _, day = item["sk"]["S"].rpartition("#")
    changed_at = clock.from_epoch(int(item["changed_ms"]["N"]) / 1000, field="changed_ms")
    return ChangedDay(site_id, date.fromisoformat(day), item["changed"]["S"], changed_at)


def _key(site_id: str, day: date) -> dict[str, dict[str, str]]:
    return {"pk": {"S": DIRTY}, "sk": {"S": f"{site_id}#{day.isoformat()}"}}


def _client() -> Any:
    return aws.dynamodb()
