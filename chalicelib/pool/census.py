"""The census: each minute, how many numbers of each pool are lent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib import log
from chalicelib.pool import census_table, heads
from chalicelib.pool.group import second_of
from chalicelib.pool.table import PoolTable
from chalicelib.registry import store


def count(now: datetime) -> dict[str, int]:
    """Count every pool's live leases into the row of its minute. Answers `{"pools", "live"}`.

    Raises StorageUnavailable.
    """
    pools = store.all_pools()
    live = sum(_count_pool(pool.pool_id, now) for pool in pools)
    log.event("census", pools=len(pools), live=live)
    return {"pools": len(pools), "live": live}


def latest(pool_id: str, now: datetime) -> dict[str, Any] | None:
    """The use of a pool as last counted: `{"at", "live", "numbers", "overflow"}`, or None before the first count."""
    return census_table.latest_count(pool_id, now)


def _count_pool(pool_id: str, now: datetime) -> int:
    groups = heads.read_all(PoolTable(pool_id), consistent=False)
    slots = [slot for group in groups.values() for slot in group.slots if not slot.retired]
    live = sum(1 for slot in slots if slot.visitor is not None and slot.until >= second_of(now))
    census_table.put_count(pool_id, now, live=live, numbers=len(slots))
    return live
