"""Reads of the directory table for functions that serve requests: boto3 alone. Its schema is in directory_table.py."""

from __future__ import annotations

from typing import Any

from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings


def item(pk: str, sk: str) -> dict[str, Any] | None:
    """Return an item as DynamoDB writes it, or None. Raises StorageUnavailable."""
    with aws.storage_errors():
        answer = aws.dynamodb(hot=True).get_item(
            TableName=settings().directory_table, Key={"pk": {"S": pk}, "sk": {"S": sk}}
        )
    found: dict[str, Any] | None = answer.get("Item")
    return found


def items(pk: str, prefix: str, *, consistent: bool = False) -> list[dict[str, Any]]:
    """Return a partition's items whose sort key starts with `prefix`, in its order. Raises StorageUnavailable."""
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if prefix:
        condition, values = "pk = :pk AND begins_with(sk, :prefix)", values | {":prefix": {"S": prefix}}
    return list(aws.query(settings().directory_table, condition, values, hot=True, ConsistentRead=consistent))
