"""Pools in storage, each with its overflow number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from chalicelib.errors import Conflict, NotFound
from chalicelib.registry import layout, numbers, table
from chalicelib.registry.publish import publish
from chalicelib.registry.table import Entry, Transaction
from chalicelib.registry.types import NumberKind, Pool, TrackingNumber


def create_pool(value: Pool) -> Pool:
    """Write a pool and claim its overflow number. Raises NotFound for its site, Conflict where a number is taken."""

    def fill(transaction: Transaction) -> None:
        model = table.entries()
        transaction.condition_check(model, layout.SITES, value.site_id, condition=Entry.pk.exists())
        first = table.entry(layout.POOLS, layout.pool_sk(value.site_id, value.pool_id), value)
        transaction.save(first, condition=Entry.pk.does_not_exist())
        for overflow in _overflow(value):
            numbers.add_writes(transaction, overflow)

    failed = table.commit(fill)
    if 0 in failed:
        raise NotFound("No such site.")
    if 1 in failed:
        raise Conflict("This pool exists already.")
    if failed:
        raise _taken()
    publish(value.site_id)
    return value


def pool(site_id: str, pool_id: str) -> Pool | None:
    """One pool of a site, or None."""
    return table.read(layout.POOLS, layout.pool_sk(site_id, pool_id), Pool)


def pools_of(site_id: str) -> tuple[Pool, ...]:
    """A site's pools in the order they are tried."""
    found = table.values(layout.POOLS, layout.pool_sk(site_id, ""), Pool)
    return tuple(sorted(found, key=lambda value: (value.order, value.pool_id)))


def all_pools() -> tuple[Pool, ...]:
    """The pools of all sites: one partition's query."""
    return table.values(layout.POOLS, "", Pool)


def update_pool(site_id: str, pool_id: str, changes: Mapping[str, Any]) -> Pool:
    """Replace fields of a pool; a new overflow number is claimed first. Raises NotFound, Conflict."""
    found = pool(site_id, pool_id)
    if found is None:
        raise NotFound("No such pool.")
    changed = replace(found, **changes)
    if changed.overflow_number != found.overflow_number:
        _claim_overflow(changed)
    changed = table.change(layout.POOLS, layout.pool_sk(site_id, pool_id), Pool, changes, what="pool")
    publish(site_id)
    return changed


def _claim_overflow(value: Pool) -> None:
    try:
        numbers.put_numbers(value.site_id, _overflow(value))
    except Conflict:
        raise _taken() from None


def _taken() -> Conflict:
    return Conflict("overflow_number: belongs to another place", field="overflow_number")


def _overflow(value: Pool) -> list[TrackingNumber]:
    """The pool's overflow number as a tracking number; none where it has none."""
    if value.overflow_number is None:
        return []
    return [TrackingNumber(value.overflow_number, value.site_id, NumberKind.OVERFLOW, pool_id=value.pool_id)]
