"""Pools in storage, each with its overflow number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.registry import directory_table, keys, numbers
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.publish_snapshot import publish
from chalicelib.registry.types import NumberKind, Pool, TrackingNumber


def create_pool(value: Pool) -> Pool:
    """Write a pool and claim its overflow number. Raises NotFound for its site, Conflict where a number is taken."""

    def fill(transaction: Transaction) -> None:
        model = directory_table.entries()
        transaction.condition_check(model, keys.SITES, value.site_id, condition=Entry.pk.exists())
        first = directory_table.entry(keys.POOLS, keys.pool_sk(value.site_id, value.pool_id), value)
        transaction.save(first, condition=Entry.pk.does_not_exist())
        for change in claims:
            numbers.add_writes(transaction, change)

    for _ in range(directory_table.TRIES):
        claims = _claims(value)
        failed = directory_table.commit(fill)
        if 0 in failed:
            raise NotFound("No such site.")
        if 1 in failed:
            raise Conflict("This pool exists already.")
        if not failed:
            publish(value.site_id)
            return value
    raise StorageUnavailable("The number is being changed. Try again.")


def pool(site_id: str, pool_id: str) -> Pool | None:
    """Return one pool of a site, or None."""
    return directory_table.read(keys.POOLS, keys.pool_sk(site_id, pool_id), Pool)


def pools_of(site_id: str) -> tuple[Pool, ...]:
    """Return a site's pools in the order they are tried."""
    found = directory_table.values(keys.POOLS, keys.pool_sk(site_id, ""), Pool)
    return tuple(sorted(found, key=lambda value: (value.order, value.pool_id)))


def all_pools() -> tuple[Pool, ...]:
    """Return the pools of all sites: one partition's query."""
    return directory_table.values(keys.POOLS, "", Pool)


def update_pool(site_id: str, pool_id: str, changes: Mapping[str, Any]) -> Pool:
    """Replace fields of a pool; with another overflow number, which becomes the pool's in the same write.

    Raises NotFound, Conflict.
    """
    if "overflow_number" in changes:
        changed = _change_overflow(site_id, pool_id, changes)
    else:
        changed = directory_table.change(keys.POOLS, keys.pool_sk(site_id, pool_id), Pool, changes, what="pool")
    publish(site_id)
    return changed


def _change_overflow(site_id: str, pool_id: str, changes: Mapping[str, Any]) -> Pool:
    sk = keys.pool_sk(site_id, pool_id)
    for _ in range(directory_table.TRIES):
        found = directory_table.item(keys.POOLS, sk)
        if found is None:
            raise NotFound("No such pool.")
        before = directory_table.value_of(found, Pool)
        changed = replace(before, **changes)
        claims = _claims(changed) if changed.overflow_number != before.overflow_number else []
        if not _commit(found, changed, claims):
            return changed
    raise StorageUnavailable("The pool is being changed. Try again.")


def _commit(found: Entry, changed: Pool, claims: Sequence[numbers.Change]) -> tuple[int, ...]:
    """Write a pool over the record that was found, and its numbers; return the positions of failed conditions."""

    def fill(transaction: Transaction) -> None:
        transaction.save(directory_table.entry(found.pk, found.sk, changed), condition=Entry.doc == found.doc)
        for change in claims:
            numbers.add_writes(transaction, change)

    return directory_table.commit(fill)


def _claims(value: Pool) -> list[numbers.Change]:
    """Return what makes the overflow number the pool's, if it has one. Raises Conflict where the number is taken."""
    if value.overflow_number is None:
        return []
    overflow = TrackingNumber(value.overflow_number, value.site_id, NumberKind.OVERFLOW, pool_id=value.pool_id)
    claim = numbers.claim_of(overflow)
    if claim is None:
        raise Conflict("overflow_number: belongs to another place", field="overflow_number")
    return [claim]
