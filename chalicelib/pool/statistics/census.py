"""The census: each minute, how many numbers of each pool are lent; and the maintenance of each site in its turn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.pool.lending import census_table, slots
from chalicelib.pool.lending.count_groups import count as count_groups
from chalicelib.pool.lending.count_groups import needs_history
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import Group, second_of
from chalicelib.pool.lending.lease_history import key_of
from chalicelib.pool.statistics import maintenance
from chalicelib.registry import store
from chalicelib.registry.types import Pool
from chalicelib.runtime import log

MOST_CHUNKS = 100  # of one group, made since the minute began: more than its writes could make


def count(now: datetime) -> dict[str, int]:
    """Count every pool into the row of the last settled minute, then look after the sites whose turn it is.

    Return `{"pools", "live"}`. Raises StorageUnavailable.
    """
    pools = store.all_pools()
    live = sum(_count_pool(pool, now) for pool in pools)
    log.event("census", pools=len(pools), live=live)
    maintenance.in_turn(pools, now)
    return {"pools": len(pools), "live": live}


def latest(pool_id: str, now: datetime) -> dict[str, Any] | None:
    """Return the use of a pool as last counted, or None before the first count."""
    return census_table.latest_count(pool_id, now)


def _count_pool(pool: Pool, now: datetime) -> int:
    table = PoolTable(pool.pool_id)
    begin, end = map(second_of, census_table.settled_minute(now))
    groups = slots.read_all(table, consistent=False)
    histories = [_history(table, group, current, begin) for group, current in groups.items()]
    counted = count_groups(histories, (begin, end), pool.hold_seconds)
    census_table.put_count(pool.pool_id, now, counted)
    return counted.live


def _history(table: PoolTable, group: int, current: Group, since: float) -> tuple[Group, ...]:
    """Return the states that together hold every lease since then: mostly the current one, else one query more."""
    return table.history(group, key_of(since), MOST_CHUNKS) if needs_history(current, since) else (current,)
