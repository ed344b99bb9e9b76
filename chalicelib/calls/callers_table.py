"""The subjects table: whose a telephone number is, and the key that the caller's numbers are sealed under.

<site_id>#h#<keyed hash of the number>   subject_id, key (sealed), x
<site_id>#s#<subject_id>                 phone (that hash), key (sealed), x

The first finds the caller of a number, the second opens what is sealed for a caller. They are written and deleted
together, in one transaction: a person is known or is not. x: expiry, moved on with each call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

BATCH = 100  # keys in one BatchGetItem, by DynamoDB's limit


class CallerRow(Struct, frozen=True):
    """One caller as stored; `key` is sealed."""

    site_id: str
    phone: str  # keyed hash
    subject_id: str
    key: str
    expires: int  # seconds since 1970

    def __repr__(self) -> str:
        """Show no key."""
        return f"SubjectRow({self.site_id!r}, {self.subject_id!r})"


def find(site_id: str, phone: str) -> CallerRow | None:
    """Return the caller of a number's keyed hash, read consistently, or None. Raises StorageUnavailable."""
    with aws.storage_errors():
        answer = _client().get_item(TableName=_table(), Key=_by_phone(site_id, phone), ConsistentRead=True)
    item = answer.get("Item")
    if item is None:
        return None
    return CallerRow(site_id, phone, item["subject_id"]["S"], item["key"]["S"], int(item["x"]["N"]))


def create(row: CallerRow) -> bool:
    """Store a new caller; False where the number has one already. Raises StorageUnavailable."""
    return _write(row, "attribute_not_exists(pk)", {})


def put_off_expiry(row: CallerRow) -> bool:
    """Store a later expiry; False where this caller is no longer the number's. Raises StorageUnavailable."""
    return _write(row, "subject_id = :subject", {":subject": {"S": row.subject_id}})


def delete(site_id: str, subject_id: str) -> bool:
    """Delete a caller and the item that their number leads by; False where there is none. Raises StorageUnavailable."""
    with aws.storage_errors():
        found = _client().get_item(TableName=_table(), Key=_by_id(site_id, subject_id), ConsistentRead=True)
    if "Item" not in found:
        return False
    by_phone = {
        "TableName": _table(),
        "Key": _by_phone(site_id, found["Item"]["phone"]["S"]),
        "ConditionExpression": "attribute_not_exists(pk) OR subject_id = :subject",
        "ExpressionAttributeValues": {":subject": {"S": subject_id}},
    }
    by_id = {"Delete": {"TableName": _table(), "Key": _by_id(site_id, subject_id)}}
    with aws.storage_errors():
        _client().transact_write_items(TransactItems=[{"Delete": by_phone}, by_id])
    return True


def sealed_keys(site_id: str, subject_ids: Iterable[str]) -> dict[str, str]:
    """Return the sealed key of each caller that is known, by id, read consistently. Raises StorageUnavailable."""
    found = {}
    for item in _batches([_by_id(site_id, subject_id) for subject_id in sorted(set(subject_ids))]):
        found[item["pk"]["S"].rpartition("#")[2]] = item["key"]["S"]
    return found


def _write(row: CallerRow, condition: str, values: dict[str, Any]) -> bool:
    common = {"key": {"S": row.key}, "x": {"N": str(row.expires)}}
    by_phone = {**_by_phone(row.site_id, row.phone), "subject_id": {"S": row.subject_id}, **common}
    by_id = {**_by_id(row.site_id, row.subject_id), "phone": {"S": row.phone}, **common}
    first: dict[str, Any] = {"TableName": _table(), "Item": by_phone, "ConditionExpression": condition}
    if values:
        first["ExpressionAttributeValues"] = values
    client = _client()
    try:
        with aws.storage_errors():
            client.transact_write_items(TransactItems=[{"Put": first}, {"Put": {"TableName": _table(), "Item": by_id}}])
    except client.exceptions.TransactionCanceledException:
        return False
    return True


def _batches(keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(keys), BATCH):
        wanted: dict[str, Any] = {_table(): {"Keys": keys[start : start + BATCH], "ConsistentRead": True}}
        while wanted:
            with aws.storage_errors():
                answer = _client().batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(_table(), [])
            wanted = answer.get("UnprocessedKeys", {})


def _by_phone(site_id: str, phone: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{site_id}#h#{phone}"}}


def _by_id(site_id: str, subject_id: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{site_id}#s#{subject_id}"}}


def _table() -> str:
    return settings().subjects_table


def _client() -> Any:
    return aws.dynamodb()
