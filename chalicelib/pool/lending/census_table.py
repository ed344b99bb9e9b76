"""The census in storage: one row a pool and minute, with what was counted and how often no number was free.

pk                  CENSUS#<pool id>; sk the minute's beginning, ISO 8601
live, numbers       numbers lent at the minute's end, and numbers there are
leases              begun in the minute
ended, stay         leases that ended in it, and how long their visitors stayed at least, seconds together
lapsed, renewals    of the ended leases those that nobody gave back, and how often they were renewed
doubt               within how many seconds after `stay` the visitors of these left, together (see stays.py)
overflow, refused   visitors shown the overflow number: none was free, or their address had its share (by issue_number)
calls, overflow_calls  calls to the pool, and those of them to its overflow number (by attribute_call)

Calls to a number in quarantine are under STRAY#<number>, one row each. Everything raises StorageUnavailable when
DynamoDB does not answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.core import clock
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws, log
from chalicelib.runtime.settings import settings

if TYPE_CHECKING:
    from chalicelib.pool.lending.census_minute import Minute
    from chalicelib.pool.lending.count_groups import Counted

KEPT_SECONDS = 400 * 86_400
STRAY_SECONDS = 60 * 86_400
FLUSH_SECONDS = 1
LOOK_BACK = 5  # rows: the newest may hold no count yet, only overflows
MINUTE = timedelta(minutes=1)
# After so long nothing comes in any more that belongs to a minute: a request lives ten seconds, clocks differ by two,
# and a read lags by less than what is left.
SETTLED = timedelta(seconds=15)


class OverflowTally:
    """One container's overflows, written at most once a second: in a storm the row of the minute must not become hot.

    Threads may share it.
    What a container counted in its last second is lost when it ends; the calls to the overflow number are not.
    """

    def __init__(self) -> None:
        self._pending: Counter[tuple[str, str, str]] = Counter()
        self._written_at = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def add(self, pool_id: str, now: datetime, *, refused: bool = False) -> None:
        """Count one visitor for whom the pool had no number; or, `refused`, none more for their address."""
        with self._lock:
            self._pending[pool_id, _minute(now), "refused" if refused else "overflow"] += 1

    def flush(self, now: datetime) -> None:
        """Write what is pending, if the last time is a second ago. A failure is logged and tried again later."""
        for (pool_id, minute, kind), count in self._due(now).items():
            try:
                _update(pool_id, minute, now, f"ADD {kind} :count SET x = :x", {":count": count}, hot=True)
            except StorageUnavailable:
                log.warning("overflow_not_counted", pool_id=pool_id, pending=count)
                with self._lock:
                    self._pending[pool_id, minute, kind] += count

    def _due(self, now: datetime) -> Counter[tuple[str, str, str]]:
        """Take out what is to be written now: no other thread writes it, and what is added meanwhile stays."""
        with self._lock:
            if not self._pending or abs((now - self._written_at).total_seconds()) < FLUSH_SECONDS:
                return Counter()
            self._written_at = now
            due, self._pending = self._pending, Counter()
            return due


@lru_cache(maxsize=1)
def tally() -> OverflowTally:
    """Return this container's tally."""
    return OverflowTally()


def settled_minute(now: datetime) -> tuple[datetime, datetime]:
    """Return the last whole minute that is settled at `now`: its beginning and its end."""
    end = (now - SETTLED).replace(second=0, microsecond=0)
    return end - MINUTE, end


def put_count(pool_id: str, now: datetime, counted: Counted) -> None:
    """Write a count into the row of the last settled minute. The same again changes nothing."""
    values = {f":{name}": value for name, value in counted._asdict().items()}
    change = "SET " + ", ".join(f"{name[1:]} = {name}" for name in values) + ", x = :x"
    _update(pool_id, _minute(settled_minute(now)[0]), now, change, values, hot=False)


def add_call(pool_id: str, at: datetime, *, overflow: bool) -> None:
    """Count a call that came at `at`, to the overflow number or to another of the pool."""
    more = ", overflow_calls :count" if overflow else ""
    _update(pool_id, _minute(at), at, f"ADD calls :count{more} SET x = :x", {":count": 1}, hot=True)


def add_stray_call(number: str, call_id: str, at: datetime) -> None:
    """Note a call to a number in quarantine. The same again changes nothing."""
    key = {"pk": {"S": _stray(number)}, "sk": {"S": f"{clock.iso(at)}#{call_id}"}}
    expires = {"x": {"N": str(int(at.timestamp()) + STRAY_SECONDS)}}
    with aws.storage_errors():
        aws.dynamodb(hot=True).put_item(TableName=settings().days_table, Item=key | expires)


def stray_calls(number: str, since: datetime) -> int:
    """Return how many calls came to a number in quarantine since then."""
    return sum(1 for _ in _rows(_stray(number), clock.iso(since), "Z"))


def minutes(pool_id: str, since: datetime, until: datetime) -> Iterator[Minute]:
    """Yield the pool's rows of [since, until), oldest first; minutes in which nothing was counted are left out."""
    from chalicelib.pool.lending.census_minute import COUNTS, Minute  # the number endpoint only adds to rows

    for item in _rows(_pk(pool_id), _minute(since), _minute(until - MINUTE)):
        counts = {name: int(item[name]["N"]) for name in COUNTS if name in item}
        yield Minute(clock.parse_time(item["sk"]["S"], field="sk"), **counts)


def latest_count(pool_id: str, now: datetime) -> dict[str, Any] | None:
    """Return the newest count up to now: `{"at", "live", "numbers", "leases", "overflow", "calls"}`, or None.

    `at` is the beginning of its minute.
    """
    with aws.storage_errors():
        answer = aws.dynamodb().query(
            TableName=settings().days_table,
            KeyConditionExpression="pk = :pk AND sk <= :minute",
            ExpressionAttributeValues={":pk": {"S": _pk(pool_id)}, ":minute": {"S": _minute(now)}},
            ScanIndexForward=False,
            Limit=LOOK_BACK,
        )
    shown = ("live", "numbers", "leases", "overflow", "calls")
    for item in answer["Items"]:
        if "live" in item:
            return {"at": item["sk"]["S"], **{name: int(item.get(name, {"N": "0"})["N"]) for name in shown}}
    return None


def _rows(pk: str, first: str, last: str) -> Iterator[dict[str, Any]]:
    """Yield a partition's rows between two sort keys, both included, page after page."""
    values = {":pk": {"S": pk}, ":first": {"S": first}, ":last": {"S": last}}
    return aws.query(settings().days_table, "pk = :pk AND sk BETWEEN :first AND :last", values)


def _update(pool_id: str, minute: str, now: datetime, change: str, values: dict[str, int], *, hot: bool) -> None:
    expires = {":x": int(now.timestamp()) + KEPT_SECONDS}
    with aws.storage_errors():
        aws.dynamodb(hot=hot).update_item(
            TableName=settings().days_table,
            Key={"pk": {"S": _pk(pool_id)}, "sk": {"S": minute}},
            UpdateExpression=change,
            ExpressionAttributeValues={name: {"N": str(value)} for name, value in (values | expires).items()},
        )


def _pk(pool_id: str) -> str:
    return f"CENSUS#{pool_id}"


def _stray(number: str) -> str:
    return f"STRAY#{number}"


def _minute(moment: datetime) -> str:
    return clock.iso(moment.replace(second=0, microsecond=0))
