"""Days of which a call became known after they were cleaned of personal data, in the days table.

LATE       <site_id>#<day>          at: when the last such call came
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chalicelib.calls import days_table
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

LATE = "LATE"


@dataclass(frozen=True, slots=True)
class LateDay:
    """A day older than its site keeps callers, and when it last got a call."""

    site_id: str
    day: date
    at: datetime


def put_late(site_id: str, day: date, now: datetime) -> None:
    """Note that a day which retention may have gone through has got a call. Raises StorageUnavailable."""
    days_table.put(LATE, f"{site_id}#{day.isoformat()}", "at", now.isoformat())


def late_days() -> list[LateDay]:
    """Return the days of all sites that have got a call since. Raises StorageUnavailable."""
    return [_late(item) for item in days_table.rows(LATE, "")]


def forget_late(late: LateDay) -> None:
    """Take the note away, unless the day has got another call since it was read. Raises StorageUnavailable."""
    client = days_table.client()
    try:
        with aws.storage_errors():
            client.delete_item(
                TableName=settings().days_table,
                Key=days_table.key_of(LATE, f"{late.site_id}#{late.day.isoformat()}"),
                ConditionExpression="#at = :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": late.at.isoformat()}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return


def _late(item: dict[str, Any]) -> LateDay:
    site_id, _, day = item["sk"]["S"].rpartition("#")
    return LateDay(site_id, date.fromisoformat(day), datetime.fromisoformat(item["at"]["S"]))
