"""The chain of a site's proofs in storage: one entry whenever a day is closed with other evidence than before.

days table    pk `PROOF#<site_id>`, sk `00000001` …: an entry; sk `day#YYYY-MM-DD`: the root a day was last closed with
bucket        `proof/<site_id>/chain/00000001.json`: the same entry, protected by object lock where the stage has one
              `proof/<site_id>/leaves/YYYY-MM-DD/<root>.json`: what the root was made of

An entry is written once, under a condition on its number: of two closings at once one comes second and follows the
other. If a crash leaves an entry out of the bucket, the next one adds it. Everything raises StorageUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from chalicelib.audit.hash_chain import NOTHING_BEFORE, ChainEntry, Leaf, root_of
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

TRIES = 8  # closings of one site at once that may overtake this one
NUMBERS = "99999999"  # the last number an entry can have: days sort behind it


def append(site_id: str, day: date, leaves: Sequence[Leaf], now: datetime) -> ChainEntry | None:
    """Append a day's evidence to the chain; None where it is the same as when the day was last closed."""
    root = root_of(leaves)
    if _root_of_day(site_id, day) == root:
        return None
    ordered = sorted(leaves, key=lambda leaf: leaf.name)
    _put_object(_leaves_key(site_id, day, root), msgspec.json.encode(ordered), now)
    for _ in range(TRIES):
        last = last_entry(site_id)
        sequence, previous = (last.sequence + 1, last.digest) if last else (1, NOTHING_BEFORE)
        entry = ChainEntry(site_id, sequence, day, root, len(leaves), now, previous)
        if _put_entry(entry):
            if last and not _is_there(_entry_key(last)):
                _put_object(_entry_key(last), msgspec.json.encode(last), now)
            _put_object(_entry_key(entry), msgspec.json.encode(entry), now)
            _remember(entry)
            return entry
    raise StorageUnavailable("The proof is being written by others. Try again.")


def entries(site_id: str) -> list[ChainEntry]:
    """Return the whole chain from the table, in its order, read consistently."""
    items = _query(site_id, ScanIndexForward=True)
    return [msgspec.json.decode(item["doc"]["S"], type=ChainEntry) for item in items]


def entry_in_bucket(entry: ChainEntry) -> ChainEntry | None:
    """Return the entry of the same number as the bucket has it, or None."""
    body = _object(_entry_key(entry))
    return msgspec.json.decode(body, type=ChainEntry) if body is not None else None


def leaves_of(entry: ChainEntry) -> list[Leaf] | None:
    """Return the leaves of the entry's root; None where the bucket does not have them."""
    body = _object(_leaves_key(entry.site_id, entry.day, entry.root))
    return msgspec.json.decode(body, type=list[Leaf]) if body is not None else None


def last_entry(site_id: str) -> ChainEntry | None:
    """Return the end of the chain, read consistently; None where it is empty."""
    found = next(_query(site_id, ScanIndexForward=False, Limit=1), None)
    return msgspec.json.decode(found["doc"]["S"], type=ChainEntry) if found else None


def _query(site_id: str, **how: Any) -> Iterator[dict[str, Any]]:
    values = {":pk": {"S": _pk(site_id)}, ":last": {"S": NUMBERS}}
    return aws.query(settings().days_table, "pk = :pk AND sk <= :last", values, ConsistentRead=True, **how)


def _put_entry(entry: ChainEntry) -> bool:
    """Write an entry; return False where another closing wrote one of this number first."""
    client = aws.dynamodb()
    key = {"pk": {"S": _pk(entry.site_id)}, "sk": {"S": f"{entry.sequence:08d}"}}
    try:
        with aws.storage_errors():
            client.put_item(
                TableName=settings().days_table,
                Item=key | {"doc": {"S": msgspec.json.encode(entry).decode()}},
                ConditionExpression="attribute_not_exists(pk)",
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _root_of_day(site_id: str, day: date) -> str | None:
    with aws.storage_errors():
        answer = aws.dynamodb().get_item(
            TableName=settings().days_table, Key=_day_key(site_id, day), ConsistentRead=True
        )
    return answer["Item"]["root"]["S"] if "Item" in answer else None


def _remember(entry: ChainEntry) -> None:
    with aws.storage_errors():
        aws.dynamodb().put_item(
            TableName=settings().days_table, Item=_day_key(entry.site_id, entry.day) | {"root": {"S": entry.root}}
        )


def _put_object(key: str, body: bytes, now: datetime) -> None:
    lock: dict[str, Any] = {}
    if settings().proof_lock_days:
        until = now + timedelta(days=settings().proof_lock_days)
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    with aws.storage_errors():
        aws.s3().put_object(Bucket=settings().bucket, Key=key, Body=body, ContentType="application/json", **lock)


def _is_there(key: str) -> bool:
    client = aws.s3()
    try:
        with aws.storage_errors():
            client.head_object(Bucket=settings().bucket, Key=key)
    except StorageUnavailable as error:
        if getattr(error.__cause__, "response", {}).get("Error", {}).get("Code") == "404":
            return False
        raise
    return True


def _object(key: str) -> bytes | None:
    """Return the first version of an object, or None: what is written over it later does not count."""
    client = aws.s3()
    with aws.storage_errors():
        pages = client.get_paginator("list_object_versions").paginate(Bucket=settings().bucket, Prefix=key)
        versions = [each for page in pages for each in page.get("Versions", ()) if each["Key"] == key]
        if not versions:
            return None
        first = versions[-1]  # the latest is listed first
        answer = client.get_object(Bucket=settings().bucket, Key=key, VersionId=first["VersionId"])
        body: bytes = answer["Body"].read()
    return body


def _pk(site_id: str) -> str:
    return f"PROOF#{site_id}"


def _day_key(site_id: str, day: date) -> dict[str, dict[str, str]]:
    return {"pk": {"S": _pk(site_id)}, "sk": {"S": f"day#{day.isoformat()}"}}


def _entry_key(entry: ChainEntry) -> str:
    return f"proof/{entry.site_id}/chain/{entry.sequence:08d}.json"


def _leaves_key(site_id: str, day: date, root: str) -> str:
    return f"proof/{site_id}/leaves/{day.isoformat()}/{root}.json"
