"""Delay profiles in storage, beside the census: what was counted each day, and what was learned from it.

pk                  DELAYS#<pool id>
sk call#<day>#<id>  b: the bins in which a call of that day (UTC) found those who may have made it (by attribute_call)
sk day#<day>        leases, live_seconds, number_seconds (by the census, the day after)
sk profile#<day>    what was learned on that day, as JSON in `doc`: a version that evidence names

Everything raises StorageUnavailable when DynamoDB does not answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from chalicelib import aws
from chalicelib.pool.delays import Bins, Counted, Profile, prior_profile
from chalicelib.registry.cache import Cache
from chalicelib.settings import settings

COUNTS_SECONDS = 60 * 86_400
MOST_CALLS = 50_000  # read of a window: many times more than a profile needs
PROFILE_SECONDS = 1100 * 86_400  # as long as a call, whose evidence names it
CALL, DAY, PROFILE = "call#", "day#", "profile#"

_profiles: Cache[Profile] = Cache(kept=timedelta(minutes=10))


def profile_of(pool_id: str, now: datetime) -> Profile:
    """The pool's latest profile, or the prior; remembered for some minutes."""
    return _profiles.get(pool_id, now, lambda: _latest(pool_id)) or prior_profile()


def forget() -> None:
    """Empty the container's memory."""
    _profiles.cache_clear()


def put_call(pool_id: str, call_id: str, at: datetime, bins: Bins) -> None:
    """Note in which bins a call that came at `at` found those who may have made it. The same again changes nothing."""
    item = {
        "pk": {"S": _pk(pool_id)},
        "sk": {"S": f"{CALL}{at.date()}#{call_id}"},
        "b": {"S": ",".join(map(str, bins))},
        "x": {"N": str(int(at.timestamp()) + COUNTS_SECONDS)},
    }
    with aws.storage_errors():
        _client().put_item(TableName=settings().days_table, Item=item)


def put_day(pool_id: str, day: date, now: datetime, counted: Counted) -> None:
    """Write how many visitors a day saw for how long. The same again changes nothing."""
    told = {
        "leases": counted.leases,
        "live_seconds": round(counted.live_seconds),
        "number_seconds": round(counted.number_seconds),
    }
    change = "SET " + ", ".join(f"{name} = :{name}" for name in told) + ", x = :x"
    values = {f":{name}": {"N": str(value)} for name, value in told.items()}
    _update(pool_id, f"{DAY}{day}", change, values, int(now.timestamp()) + COUNTS_SECONDS)


def counted_since(pool_id: str, since: date) -> Counted:
    """The calls and visitors of the days since then whose visitors were counted."""
    days = {item["sk"]["S"].removeprefix(DAY): item for item in _rows(pool_id, DAY, since)}
    calls: Counter[Bins] = Counter()
    for item in _rows(pool_id, CALL, since):
        if item["sk"]["S"].split("#")[1] in days:
            calls[tuple(int(place) for place in item["b"]["S"].split(",") if place)] += 1
        if calls.total() >= MOST_CALLS:
            break
    sums = [
        sum(int(item[name]["N"]) for item in days.values()) for name in ("leases", "live_seconds", "number_seconds")
    ]
    return Counted(calls, *sums)


def put_profile(pool_id: str, profile: Profile, now: datetime) -> None:
    """Publish a profile under its version. This container knows it at once, others within some minutes."""
    doc = {":doc": {"S": msgspec.json.encode(profile).decode()}}
    _update(pool_id, PROFILE + profile.version, "SET doc = :doc, x = :x", doc, int(now.timestamp()) + PROFILE_SECONDS)
    forget()


def _latest(pool_id: str) -> Profile | None:
    with aws.storage_errors():
        answer = _client().query(
            TableName=settings().days_table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :profile)",
            ExpressionAttributeValues={":pk": {"S": _pk(pool_id)}, ":profile": {"S": PROFILE}},
            ScanIndexForward=False,
            Limit=1,
        )
    return next((msgspec.json.decode(item["doc"]["S"], type=Profile) for item in answer["Items"]), None)


def _rows(pool_id: str, kind: str, since: date) -> Iterator[dict[str, Any]]:
    """The rows of one kind since a day, page after page."""
    values = {":pk": {"S": _pk(pool_id)}, ":since": {"S": f"{kind}{since}"}, ":last": {"S": f"{kind}~"}}
    return aws.query(settings().days_table, "pk = :pk AND sk BETWEEN :since AND :last", values)


def _update(pool_id: str, sk: str, change: str, values: dict[str, Any], expires: int) -> None:
    with aws.storage_errors():
        _client().update_item(
            TableName=settings().days_table,
            Key={"pk": {"S": _pk(pool_id)}, "sk": {"S": sk}},
            UpdateExpression=change,
            ExpressionAttributeValues=values | {":x": {"N": str(expires)}},
        )


def _client() -> Any:
    return aws.client("dynamodb")


def _pk(pool_id: str) -> str:
    return f"DELAYS#{pool_id}"
