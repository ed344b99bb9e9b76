"""Lists of the days table: rows by (list, key), each with one text or a few attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings


def put(pk: str, sk: str, name: str, value: str) -> None:
    """Write a row with one text attribute. Raises StorageUnavailable."""
    with aws.storage_errors():
        client().put_item(TableName=settings().days_table, Item={**key_of(pk, sk), name: {"S": value}})


def rows(pk: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Return the rows of a list whose keys begin so, read consistently. Raises StorageUnavailable."""
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if prefix:
        condition, values = "pk = :pk AND begins_with(sk, :prefix)", values | {":prefix": {"S": prefix}}
    return aws.query(settings().days_table, condition, values, ConsistentRead=True)


def key_of(pk: str, sk: str) -> dict[str, dict[str, str]]:
    """Return a row's key as DynamoDB takes it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def client() -> Any:
    """Return the DynamoDB client."""
    return aws.dynamodb()
