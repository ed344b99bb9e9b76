"""The census in storage: one row a pool and minute, with what was counted and how often no number was free."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chalicelib import aws, clock, log
from chalicelib.errors import StorageUnavailable
from chalicelib.settings import settings

KEPT_SECONDS = 400 * 86_400
FLUSH_SECONDS = 1
LOOK_BACK = 5  # rows: the newest may hold no count yet, only overflows


class OverflowTally:
    """One container's overflows, written at most once a second: in a storm the row of the minute must not become hot.

    What a container counted in its last second is lost when it ends; the calls to the overflow number are not.
    """

    def __init__(self) -> None:
        self._pending: Counter[tuple[str, str]] = Counter()
        self._written_at = datetime.min.replace(tzinfo=UTC)

    def add(self, pool_id: str, now: datetime) -> None:
        """Count one visitor for whom the pool had no number."""
        self._pending[pool_id, _minute(now)] += 1

    def flush(self, now: datetime) -> None:
        """Write what is pending, if the last time is a second ago. A failure is logged and tried again later."""
        if not self._pending or abs((now - self._written_at).total_seconds()) < FLUSH_SECONDS:
            return
        self._written_at = now
        for (pool_id, minute), count in list(self._pending.items()):
            try:
                _update(pool_id, minute, now, "ADD overflow :count SET x = :x", {":count": {"N": str(count)}}, hot=True)
            except StorageUnavailable:
                log.event("overflow_not_counted", pool_id=pool_id, pending=count)
            else:
                del self._pending[pool_id, minute]


@lru_cache(maxsize=1)
def tally() -> OverflowTally:
    """This container's tally."""
    return OverflowTally()


def put_count(pool_id: str, now: datetime, *, live: int, numbers: int) -> None:
    """Write how many leases were live and how many numbers are lent at all. Raises StorageUnavailable."""
    counts = {":live": {"N": str(live)}, ":numbers": {"N": str(numbers)}}
    _update(pool_id, _minute(now), now, "SET live = :live, numbers = :numbers, x = :x", counts, hot=False)


def latest_count(pool_id: str, now: datetime) -> dict[str, Any] | None:
    """The newest count up to now: `{"at", "live", "numbers", "overflow"}`, or None. Raises StorageUnavailable."""
    with aws.storage_errors():
        answer = aws.client("dynamodb").query(
            TableName=settings().days_table,
            KeyConditionExpression="pk = :pk AND sk <= :minute",
            ExpressionAttributeValues={":pk": {"S": _pk(pool_id)}, ":minute": {"S": _minute(now)}},
            ScanIndexForward=False,
            Limit=LOOK_BACK,
        )
    for item in answer["Items"]:
        if "live" in item:
            counts = {name: int(item.get(name, {"N": "0"})["N"]) for name in ("live", "numbers", "overflow")}
            return {"at": item["sk"]["S"], **counts}
    return None


def _update(pool_id: str, minute: str, now: datetime, change: str, values: dict[str, Any], *, hot: bool) -> None:
    expires = {":x": {"N": str(int(now.timestamp()) + KEPT_SECONDS)}}
    with aws.storage_errors():
        aws.client("dynamodb", hot=hot).update_item(
            TableName=settings().days_table,
            Key={"pk": {"S": _pk(pool_id)}, "sk": {"S": minute}},
            UpdateExpression=change,
            ExpressionAttributeValues=values | expires,
        )


def _pk(pool_id: str) -> str:
    return f"CENSUS#{pool_id}"


def _minute(moment: datetime) -> str:
    return clock.iso(moment.replace(second=0, microsecond=0))
