"""Where visitors came from, in storage: one item each under the visitor."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.core import clock
from chalicelib.registry.types import Site
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from chalicelib.visits import promo_table
from chalicelib.visits.promo_table import ShownCode

KEPT_DAYS = 400
CALLS = "#calls"  # after a visitor's key: the calls that name the visitor
FRACTIONS = 999_999  # of a millisecond, that keep codes of one moment apart; a touch has none


class RawTouch(Struct, frozen=True):
    """One arrival as seen; nothing is concluded from it yet."""

    at: datetime
    url: str
    referrer: str
    region: str


def days_kept(site: Site) -> int:
    """Return how many days a visit is stored: a call looks that far back, unless the site deletes sooner."""
    return min(KEPT_DAYS, site.days_of_persons)


def record_touch(site_id: str, visitor: str, touch: RawTouch, ttl_days: int = KEPT_DAYS) -> None:
    """Store a touch; the same one again changes nothing. `visitor` is 24 hex digits. Raises StorageUnavailable."""
    said = {"url": touch.url, "referrer": touch.referrer, "region": touch.region}
    _put(site_id, visitor, str(_milliseconds(touch.at)), touch.at, said, ttl_days)


def note_call(site_id: str, visitor: str, call_id: str, at: datetime, ttl_days: int) -> None:
    """Note that a call's evidence names this visitor, so that it is found when the visitor is to be forgotten.

    Raises StorageUnavailable.
    """
    sort_key = int.from_bytes(hashlib.blake2s(call_id.encode(), digest_size=12).digest())
    _put(site_id, visitor + CALLS, str(sort_key), at, {"call_id": call_id}, ttl_days)


def note_code(site_id: str, visitor: str, shown: ShownCode, ttl_days: int) -> None:
    """Note that a visitor was shown a promo code, so that it is found when the visitor is to be forgotten.

    The same note again changes nothing.

    Raises StorageUnavailable.
    """
    said = {"type": "promo_shown", "url": shown.url, "code": shown.code}
    digest = hashlib.blake2s(repr(sorted(said.items())).encode(), digest_size=8).digest()
    sort_key = f"{_milliseconds(shown.shown_at)}.{1 + int.from_bytes(digest) % FRACTIONS:06d}"
    _put(site_id, visitor, sort_key, shown.shown_at, said, ttl_days)


def calls_naming(site_id: str, visitor: str) -> list[str]:
    """Return the ids of the calls whose evidence names this visitor. Raises StorageUnavailable."""
    return sorted(item["call_id"]["S"] for item in _everything(site_id, visitor + CALLS))


def everything_of(site_id: str, visitor: str) -> list[dict[str, str]]:
    """Return all that is stored of a visitor, oldest first: `{"at", …}` each. Raises StorageUnavailable."""
    return [
        {"at": clock.iso(_moment(item))}
        | {name: value["S"] for name, value in item.items() if name not in ("pk", "sk", "x")}
        for item in _everything(site_id, visitor)
    ]


def forget(site_id: str, visitor: str) -> int:
    """Delete all that is stored of a visitor, each promo code before the note that leads to it.

    Return how many touches and notes there were. Raises StorageUnavailable.
    """
    deleted = 0
    for whose in (visitor, visitor + CALLS):
        for item in _everything(site_id, whose):
            if "code" in item:
                promo_table.forget(site_id, item["code"]["S"], visitor)
            with aws.storage_errors():
                key = {"pk": item["pk"], "sk": item["sk"]}
                aws.dynamodb().delete_item(TableName=settings().visitors_table, Key=key)
            deleted += whose == visitor
    return deleted


def touches_between(
    site_id: str, visitor: str, since: datetime, until: datetime, *, consistent: bool = False
) -> tuple[RawTouch, ...]:
    """Return the visitor's touches, both ends included, oldest first. Raises StorageUnavailable."""
    found = _query(
        "pk = :pk AND sk BETWEEN :since AND :until",
        {
            ":pk": {"S": f"{site_id}#{visitor}"},
            ":since": {"N": str(_milliseconds(since))},
            ":until": {"N": str(_milliseconds(until))},
        },
        ConsistentRead=consistent,
        FilterExpression="attribute_not_exists(#type)",
        ExpressionAttributeNames={"#type": "type"},
    )
    return tuple(map(_touch, found))


def _everything(site_id: str, visitor: str) -> list[dict[str, Any]]:
    return list(_query("pk = :pk", {":pk": {"S": f"{site_id}#{visitor}"}}))


def _query(condition: str, values: Mapping[str, Any], **how: Any) -> Iterator[dict[str, Any]]:
    return aws.query(settings().visitors_table, condition, values, hot=True, **how)


def _put(site_id: str, visitor: str, sort_key: str, at: datetime, fields: Mapping[str, str], ttl_days: int) -> None:
    item = {name: {"S": value} for name, value in fields.items() if value}
    item["pk"] = {"S": f"{site_id}#{visitor}"}
    expires = int(at.timestamp()) + ttl_days * 86_400
    with aws.storage_errors():
        aws.dynamodb(hot=True).put_item(
            TableName=settings().visitors_table, Item={**item, "sk": {"N": sort_key}, "x": {"N": str(expires)}}
        )


def _touch(item: Mapping[str, Any]) -> RawTouch:
    said = {name: item.get(name, {"S": ""})["S"] for name in ("url", "referrer", "region")}
    return RawTouch(_moment(item), **said)


def _moment(item: Mapping[str, Any]) -> datetime:
    return clock.from_epoch(int(item["sk"]["N"].partition(".")[0]) / 1000, field="sk")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
