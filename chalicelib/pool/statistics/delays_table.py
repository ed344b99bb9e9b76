"""Delay profiles in storage, beside the census: what was counted each day, and what was learned from it.

pk                  DELAYS#<pool id>
sk call#<day>#<id>  b: the bins in which a call of that day (UTC) found those who may have made it (by attribute_call);
                    o: those of them in which visitors were from whose page the caller had called before; k: the caller
                    did not withhold their number; n, p: seconds since their last call to this number, and to the pool
sk day#<day>        leases, live_seconds, number_seconds (by the census, the day after)
sk profile#<day>    what was learned on that day, as JSON in `doc`: a version that evidence names

Everything raises StorageUnavailable when DynamoDB does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from chalicelib.pool.statistics.delay_profile import PRIOR, Counted, Profile, prior_profile
from chalicelib.pool.statistics.redial_rates import Bins, NotedCall, followed
from chalicelib.registry.ttl_cache import Cache
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

COUNTS_SECONDS = 60 * 86_400
MOST_CALLS = 50_000  # read of a window: many times more than a profile needs
PROFILE_SECONDS = 1100 * 86_400  # as long as a call, whose evidence names it
CALL, DAY, PROFILE = "call#", "day#", "profile#"
DAY_SECONDS = 86_400

_profiles: Cache[Profile] = Cache(ttl=timedelta(minutes=10))


def profile_of(pool_id: str, now: datetime) -> Profile:
    """Return the pool's latest profile, or the prior; cached for ten minutes."""
    return _profiles.get(pool_id, now, lambda: _latest(pool_id)) or prior_profile()


def named_profile(pool_id: str, version: str, now: datetime) -> Profile:
    """Return the pool's profile of that version, which evidence names; the prior where it is gone."""
    latest = profile_of(pool_id, now)
    if version in (latest.version, PRIOR):
        return latest if version == latest.version else prior_profile()
    with aws.storage_errors():
        answer = _client().get_item(TableName=settings().days_table, Key=_key(pool_id, PROFILE + version))
    return _profile(answer["Item"]) if "Item" in answer else prior_profile()


def forget() -> None:
    """Empty the container's cache."""
    _profiles.cache_clear()


def put_call(pool_id: str, call_id: str, at: datetime, call: NotedCall) -> None:
    """Note what a call that came at `at` is learned from. The same again changes nothing."""
    item = _key(pool_id, f"{CALL}{at.date()}#{call_id}") | {
        "b": {"S": _text(call.bins)},
        "x": {"N": str(int(at.timestamp()) + COUNTS_SECONDS)},
    }
    spans = {"n": call.since_number, "p": call.since_pool}
    item |= {name: {"N": f"{span:.3f}"} for name, span in spans.items() if span is not None}
    if call.own:
        item["o"] = {"S": _text(call.own)}
    if call.known:
        item["k"] = {"BOOL": True}
    with aws.storage_errors():
        _client().put_item(TableName=settings().days_table, Item=item)


def put_day(pool_id: str, day: date, now: datetime, counted: Counted) -> None:
    """Write how many visitors a day saw for how long. The same again changes nothing."""
    counts = {
        "leases": counted.leases,
        "live_seconds": round(counted.live_seconds),
        "number_seconds": round(counted.number_seconds),
    }
    change = "SET " + ", ".join(f"{name} = :{name}" for name in counts) + ", x = :x"
    values = {f":{name}": {"N": str(value)} for name, value in counts.items()}
    _update(pool_id, f"{DAY}{day}", change, values, int(now.timestamp()) + COUNTS_SECONDS)


def counted_since(pool_id: str, since: date) -> Counted:
    """Return the calls and visitors of the days since then whose visitors were counted."""
    days = {item["sk"]["S"].removeprefix(DAY): item for item in _rows(pool_id, DAY, since)}
    if not days:
        return Counted({}, 0, 0, 0)
    begin, end = (_second(date.fromisoformat(day)) for day in (min(days), max(days)))
    calls = []
    for item in _rows(pool_id, CALL, since):
        day = item["sk"]["S"].split("#")[1]
        if day in days:
            calls.append((_second(date.fromisoformat(day)) + DAY_SECONDS / 2, _noted(item)))  # as if it came at noon
        if len(calls) >= MOST_CALLS:
            end = _second(date.fromisoformat(day))
            break
    found = followed(calls, begin, end + DAY_SECONDS)
    leases, live, numbers = (
        sum(int(item[name]["N"]) for item in days.values()) for name in ("leases", "live_seconds", "number_seconds")
    )
    seconds = len(days) * DAY_SECONDS
    return Counted(found.calls, leases, live, numbers, seconds, found.number_seconds, found.pool_seconds)


def put_profile(pool_id: str, profile: Profile, now: datetime) -> None:
    """Publish a profile under its version. This container uses it at once, others within ten minutes."""
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
    return next((_profile(item) for item in answer["Items"]), None)


def _profile(item: dict[str, Any]) -> Profile:
    return msgspec.json.decode(item["doc"]["S"], type=Profile)


def _noted(item: dict[str, Any]) -> NotedCall:
    number, pool = (float(item[name]["N"]) if name in item else None for name in ("n", "p"))
    own = _bins(item["o"]["S"]) if "o" in item else ()
    return NotedCall(_bins(item["b"]["S"]), own, "k" in item, number, pool)


def _text(bins: Bins) -> str:
    return ",".join(map(str, bins))


def _bins(text: str) -> Bins:
    return tuple(int(index) for index in text.split(",") if index)


def _second(day: date) -> float:
    """Return seconds since 1970 at the day's begin."""
    return datetime.combine(day, time(), UTC).timestamp()


def _rows(pool_id: str, kind: str, since: date) -> Iterator[dict[str, Any]]:
    """Yield the rows of one kind since a day, page after page."""
    values = {":pk": {"S": _pk(pool_id)}, ":since": {"S": f"{kind}{since}"}, ":last": {"S": f"{kind}~"}}
    return aws.query(settings().days_table, "pk = :pk AND sk BETWEEN :since AND :last", values)


def _update(pool_id: str, sk: str, change: str, values: dict[str, Any], expires: int) -> None:
    with aws.storage_errors():
        _client().update_item(
            TableName=settings().days_table,
            Key=_key(pool_id, sk),
            UpdateExpression=change,
            ExpressionAttributeValues=values | {":x": {"N": str(expires)}},
        )


def _client() -> Any:
    return aws.dynamodb()


def _key(pool_id: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": _pk(pool_id)}, "sk": {"S": sk}}


def _pk(pool_id: str) -> str:
    return f"DELAYS#{pool_id}"
