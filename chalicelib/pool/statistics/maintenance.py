"""Maintenance of each site's pools, at its own minute of the hour, as part of the census.

It learns holds and delays, closes slots, mends and frees them, deletes addresses' tags and ends quarantines. A minute
that was missed delays a site's maintenance by an hour, its quarantines by a day. Every step may be repeated.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from chalicelib.core.errors import Conflict
from chalicelib.pool.lending import census_table, slots
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import GUARD, Group, second_of
from chalicelib.pool.lending.mend_slots import mend_slots
from chalicelib.pool.lending.provision_numbers import set_state
from chalicelib.pool.statistics.health_rules import calls_of_a_lent_number
from chalicelib.pool.statistics.learn_delays import learn_delays
from chalicelib.pool.statistics.quarantine_rules import WINDOW_DAYS, is_quiet
from chalicelib.pool.statistics.stays import learned_hold
from chalicelib.registry import store
from chalicelib.registry.types import HoldRule, NumberState, Pool, TrackingNumber
from chalicelib.runtime import log

LEARNED_FROM = timedelta(days=7)
TAGS_KEPT = timedelta(hours=1)  # after a lease
WINDOW = timedelta(days=WINDOW_DAYS)
UNUSED = (NumberState.DRAINING, NumberState.QUARANTINE, NumberState.ARCHIVED)


def in_turn(pools: Iterable[Pool], now: datetime) -> None:
    """Maintain the sites whose minute of the hour it is, and their quarantines at one hour of the day."""
    ordered = sorted(pools, key=lambda pool: pool.site_id)
    for site_id, members in groupby(ordered, key=lambda pool: pool.site_id):
        turn = zlib.crc32(site_id.encode())
        if turn % 60 == now.minute:
            look_after(site_id, list(members), now, quarantines=turn // 60 % 24 == now.hour)


def look_after(site_id: str, pools: Sequence[Pool], now: datetime, *, quarantines: bool) -> None:
    """Maintain one site's pools. Raises StorageUnavailable."""
    groups = {pool.pool_id: slots.read_all(PoolTable(pool.pool_id), consistent=False) for pool in pools}
    numbers = store.numbers_of(site_id)  # after the slots: what is open has a number then
    for pool in pools:
        if pool.hold is HoldRule.LEARNED:
            learn_hold(pool, now)
        forget_addresses(pool.pool_id, groups[pool.pool_id], now)
        mend_slots(pool.pool_id, groups[pool.pool_id], numbers, now)
    close_slots([number for number in numbers if number.state in UNUSED and _is_open(number, groups)], now)
    if quarantines:
        if site := store.site(site_id):
            for pool in pools:
                learn_delays(pool, site.call_grace_seconds, now)
        waiting = [number for number in numbers if number.state is NumberState.QUARANTINE and number.group is not None]
        end_quarantines(waiting, now)


def _is_open(number: TrackingNumber, groups: Mapping[str, Mapping[int, Group]]) -> bool:
    """Return whether a number's slot is still open, as it was seen."""
    if number.pool_id is None or number.group is None or number.slot is None:
        return False
    state = groups.get(number.pool_id, {}).get(number.group)
    return state is not None and not state.slots[number.slot].retired


def learn_hold(pool: Pool, now: datetime) -> Pool:
    """Set the pool's hold to its visitors' mean time on site and a fifth more, within its bounds.

    It stays where too few visits were seen, or where it would change by a tenth or less.
    """
    counted = census_table.minutes(pool.pool_id, now - LEARNED_FROM, now)
    hold = learned_hold(counted, pool.hold_seconds, pool.hold_min_seconds, pool.hold_max_seconds)
    if hold == pool.hold_seconds:
        return pool
    log.event("hold_learned", site_id=pool.site_id, pool_id=pool.pool_id, hold=hold, before=pool.hold_seconds)
    return store.update_pool(pool.site_id, pool.pool_id, {"hold_seconds": hold})


def forget_addresses(pool_id: str, groups: Mapping[int, Group], now: datetime) -> int:
    """Delete the addresses' tags of leases that ended an hour ago. Return in how many groups."""
    table, over = PoolTable(pool_id), int(second_of(now) - TAGS_KEPT.total_seconds())
    return sum(slots.forget_addresses(table, group, state, over) for group, state in groups.items())


def close_slots(numbers: Iterable[TrackingNumber], now: datetime) -> int:
    """Close the slots of numbers taken out of use whose last lease has run out. Return how many were closed."""
    closed = 0
    ordered = sorted(numbers, key=lambda number: number.pool_id or "")
    for pool_id, members in groupby(ordered, key=lambda number: number.pool_id or ""):
        table, known = PoolTable(pool_id), [(each.number, each.group or 0, each.slot or 0) for each in members]
        groups = table.read({group for _, group, _ in known})
        retire = partial(slots.retire, table, now=second_of(now), at_once=False, guard=GUARD)
        closed += sum(
            retire(group, slot, number)
            for number, group, slot in known
            if group in groups and not groups[group].slots[slot].retired
        )
    if closed:
        log.event("slots_closed", closed=closed)
    return closed


def end_quarantines(numbers: Iterable[TrackingNumber], now: datetime) -> int:
    """Lend again the numbers in quarantine that are hardly called any more. Return how many."""
    ordered = sorted(numbers, key=lambda number: number.pool_id or "")
    ended = 0
    for pool_id, members in groupby(ordered, key=lambda number: number.pool_id or ""):
        usual = calls_of_a_lent_number(census_table.minutes(pool_id, now - WINDOW, now))
        ended += sum(_end_quarantine(number, usual, now) for number in members)
    return ended


def _end_quarantine(number: TrackingNumber, usual: float, now: datetime) -> bool:
    if number.state_since is None:  # set before states had times: what came before was not counted
        store.change_number(number.site_id, number.number, {"state_since": now})
        return False
    since = max(number.state_since, now - WINDOW)
    strays = census_table.stray_calls(number.number, since)
    if not is_quiet(strays, (now - since) / timedelta(days=1), usual):
        return False
    try:
        set_state(number.site_id, number.number, NumberState.ACTIVE, now, only_in=NumberState.QUARANTINE)
    except Conflict:  # somebody changed its state at the same moment
        return False
    log.event("quarantine_ended", site_id=number.site_id, pool_id=number.pool_id, strays=strays)
    return True
