"""The directory table through pynamodb: single items, lists, and writes that happen together or not at all.

Its keys are described in keys.py. Everything reads consistently and raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.registry import keys
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

T = TypeVar("T")
Transaction = TransactWrite  # the one name of pynamodb's that the modules beside this one need

CONNECT_SECONDS, READ_SECONDS = 3, 10  # pynamodb's own 15 and 30 outlive API Gateway's 29
TRIES = 12  # of a write that met another; each failed try means that another one succeeded

MET_ANOTHER = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})


class Entry(Model):
    """Any item of the directory table. Use it through `entries()`, which knows the table's name."""

    class Meta:
        table_name = ""
        connect_timeout_seconds = CONNECT_SECONDS
        read_timeout_seconds = READ_SECONDS

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    doc = BinaryAttribute(null=True, legacy_encoding=False)
    past = BinaryAttribute(null=True, legacy_encoding=False)
    version = NumberAttribute(null=True)
    parts = NumberAttribute(null=True)
    published_key = UnicodeAttribute(null=True)
    published_parts = NumberAttribute(null=True)


def entries() -> type[Entry]:
    """Return the model, bound to this stage's table."""
    Entry.Meta.table_name = settings().directory_table
    return Entry


def entry(pk: str, sk: str, value: object | None = None, **attributes: Any) -> Entry:
    """Return an item not yet written; `value` becomes its `doc`."""
    doc = None if value is None else keys.encode(value)
    return entries()(pk, sk, doc=doc, **attributes)


def item(pk: str, sk: str) -> Entry | None:
    """Return one item, read consistently, or None."""
    model = entries()
    with aws.storage_errors():
        try:
            return model.get(pk, sk, consistent_read=True)
        except model.DoesNotExist:
            return None


def read(pk: str, sk: str, shape: type[T]) -> T | None:
    """Return one item's value, or None."""
    found = item(pk, sk)
    return None if found is None else value_of(found, shape)


def listing(pk: str, prefix: str = "", *, limit: int | None = None, after: str | None = None) -> list[Entry]:
    """List a partition's items by sort key: those that start with `prefix`, come after `after`, at most `limit`."""
    model = entries()
    start = {"pk": {"S": pk}, "sk": {"S": prefix + after}} if after is not None else None
    condition = model.sk.startswith(prefix) if prefix else None
    with aws.storage_errors():
        return list(model.query(pk, condition, consistent_read=True, limit=limit, last_evaluated_key=start))


def values(pk: str, prefix: str, shape: type[T]) -> tuple[T, ...]:
    """Return the values of `listing`."""
    return tuple(value_of(found, shape) for found in listing(pk, prefix))


def items(pairs: Iterable[tuple[str, str]]) -> list[Entry]:
    """Return many items by (pk, sk), read consistently, in no order; those that do not exist are left out."""
    with aws.storage_errors():
        return list(entries().batch_get(pairs, consistent_read=True))


def value_of(found: Entry, shape: type[T]) -> T:
    """Return the registry type an item holds."""
    return keys.decode(bytes(found.doc), shape)


def change(pk: str, sk: str, shape: type[T], changes: Mapping[str, Any], *, what: str) -> T:
    """Replace fields of one item's value and keep all concurrent changes. Raises NotFound naming `what`."""
    for _ in range(TRIES):
        found = item(pk, sk)
        if found is None:
            raise NotFound(f"No such {what}.")
        changed: T = replace(value_of(found, shape), **changes)  # type: ignore[type-var]
        with aws.storage_errors():
            try:
                found.update([Entry.doc.set(keys.encode(changed))], condition=Entry.doc == found.doc)
            except UpdateError as error:
                if error.cause_response_code not in MET_ANOTHER:
                    raise
                continue
        return changed
    raise StorageUnavailable(f"The {what} is being changed. Try again.")


def commit(fill: Callable[[Transaction], None]) -> tuple[int, ...]:
    """Do up to 100 writes that all happen or none: `fill` adds them to a transaction.

    Return the positions whose conditions did not hold (checks, deletes, puts and updates, counted in this order);
    empty when all was written.
    """
    entries()
    for _ in range(TRIES):
        try:
            # The token makes a repetition by botocore, after a write that landed, recognise itself.
            new = TransactWrite(connection=_connection(), client_request_token=str(uuid.uuid4()))
            with aws.storage_errors(), new as transaction:
                fill(transaction)
            return ()
        except TransactWriteError as error:
            codes = [reason.code if reason else "None" for reason in error.cancellation_reasons]
            if "ConditionalCheckFailed" in codes:
                return tuple(position for position, code in enumerate(codes) if code == "ConditionalCheckFailed")
            if not codes:
                raise
    raise StorageUnavailable("The storage is busy. Try again.")


@lru_cache(maxsize=1)
def _connection() -> Connection:
    return Connection(connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS)
