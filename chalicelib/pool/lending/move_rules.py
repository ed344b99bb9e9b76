"""Whether numbers may be imported for another use: not while somebody may still see them in the old one.

An archived number is taken from its visitor at once in storage, but it stays on a page until the lease would have
ended, and a call in the site's grace after that still is that visitor's. In another pool it would be somebody else's.
In the pool it came from it may be lent again at once: there the slot still has its last lease.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from chalicelib.core import clock
from chalicelib.pool.lending import slots
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import GUARD, moment_of, second_of
from chalicelib.registry import store
from chalicelib.registry.ttl_cache import TTL
from chalicelib.registry.types import HoldRule, NumberKind, NumberState, Ownership, Pool, TrackingNumber

ELSEWHERE = "belongs to another place"
SECOND = timedelta(seconds=1)


class Refusal(NamedTuple):
    """Why a number is not imported, and from when it can be, where that is only a matter of time."""

    reason: str
    available_at: datetime | None = None


def refusals(numbers: Sequence[TrackingNumber], known: Mapping[str, Ownership], now: datetime) -> dict[str, Refusal]:
    """Return by number why some of `numbers` may not be imported, judged by their records.

    A number that the registry has archived and its pool has not is taken from its visitor here. Raises
    StorageUnavailable.
    """
    refused: dict[str, Refusal] = {}
    archived: list[TrackingNumber] = []
    for number in numbers:
        owner = known[number.number].owner if number.number in known else None
        if owner is None or _stays(owner, number):
            continue
        if owner.state is NumberState.ARCHIVED:
            archived.append(owner)
        else:
            refused[number.number] = Refusal(ELSEWHERE)
    for name, free in _free_from(archived, now).items():
        if now < free:
            reason = f"somebody may still see it where it was: it can be imported from {clock.iso(free)} on"
            refused[name] = Refusal(reason, free)
    return refused


def _stays(owner: TrackingNumber, number: TrackingNumber) -> bool:
    """Return whether the number stays where it is, or returns to the pool it was archived in."""
    here = (owner.site_id, owner.kind, owner.pool_id, owner.campaign_id)
    return here == (number.site_id, number.kind, number.pool_id, number.campaign_id)


def _free_from(archived: Iterable[TrackingNumber], now: datetime) -> dict[str, datetime]:
    """Return when numbers become free, in whole seconds; without those that nobody can have been shown."""
    seen = _leases_end([number for number in archived if number.kind is NumberKind.DYNAMIC], now)
    seen |= _last_shown([number for number in archived if number.kind is NumberKind.OVERFLOW])
    sites = {number.number: number.site_id for number in archived}

    @cache
    def grace(site_id: str) -> timedelta:
        site = store.site(site_id)
        return timedelta(seconds=site.call_grace_seconds if site else 0)

    return {number: _whole(until + grace(sites[number])) for number, until in seen.items()}


def _leases_end(numbers: Iterable[TrackingNumber], now: datetime) -> dict[str, datetime]:
    """Return when the last leases of archived numbers end, by the slots that are kept for them."""
    by_pool: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for each in numbers:
        if each.pool_id is not None and each.group is not None and each.slot is not None:
            by_pool[each.pool_id][each.number] = (each.group, each.slot)
    ends: dict[str, datetime] = {}
    for pool_id, positions in by_pool.items():
        table, groups = PoolTable(pool_id), {group for group, _ in positions.values()}
        states = table.read(groups, consistent=True)
        unfinished = {
            number: (group, slot)
            for number, (group, slot) in positions.items()
            if group in states and not states[group].slots[slot].retired
        }
        for number, (group, slot) in unfinished.items():  # who archived it got no further than the registry
            slots.retire(table, group, slot, number, second_of(now), at_once=True, guard=GUARD)
        states |= table.read({group for group, _ in unfinished.values()}, consistent=True)
        for number, (group, slot) in positions.items():
            kept = states[group].slots[slot] if group in states else None
            if kept is not None and kept.kept_for == number and kept.leased:
                ends[number] = moment_of(kept.leased)
    return ends


def _last_shown(numbers: Iterable[TrackingNumber]) -> dict[str, datetime]:
    """Return until when archived overflow numbers may be on pages: a minute of caching in containers, then a hold."""

    @cache
    def hold(site_id: str, pool_id: str) -> timedelta:
        pool = store.pool(site_id, pool_id)
        return timedelta(seconds=_longest_hold(pool) if pool else 0)

    return {
        number.number: number.state_since + TTL + hold(number.site_id, number.pool_id or "")
        for number in numbers
        if number.state_since is not None
    }


def _longest_hold(pool: Pool) -> int:
    return max(pool.hold_seconds, pool.hold_max_seconds) if pool.hold is HoldRule.LEARNED else pool.hold_seconds


def _whole(moment: datetime) -> datetime:
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + SECOND
