"""The census: each minute, how many numbers of each pool are lent; and in its turn the upkeep that rests on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib import log
from chalicelib.pool import census_table, heads, upkeep
from chalicelib.pool.counting import count as count_groups
from chalicelib.pool.group import second_of
from chalicelib.pool.table import PoolTable
from chalicelib.registry import store
from chalicelib.registry.types import Pool


def count(now: datetime) -> dict[str, int]:
    """Count every pool into the row of the last whole minute, then look after the sites whose turn it is.

    Answers `{"pools", "live"}`. Raises StorageUnavailable.
    """
    pools = store.all_pools()
    live = sum(_count_pool(pool, now) for pool in pools)
    log.event("census", pools=len(pools), live=live)
    upkeep.in_turn(pools, now)
    return {"pools": len(pools), "live": live}


def latest(pool_id: str, now: datetime) -> dict[str, Any] | None:
    """The use of a pool as last counted, or None before the first count."""
    return census_table.latest_count(pool_id, now)


def _count_pool(pool: Pool, now: datetime) -> int:
    groups = heads.read_all(PoolTable(pool.pool_id), consistent=False)
    begin, end = census_table.last_minute(now)
    minute = (second_of(begin), second_of(end))
    counted = count_groups(groups.values(), second_of(now), minute, pool.hold_seconds)
    census_table.put_count(pool.pool_id, now, counted)
    return counted.live
