"""Give tracking numbers their place: dynamic ones a slot of a packed group, all of them an owner in the registry.

First the slots are kept for their numbers, then the registry names the owner, then the slots are opened. A crash
anywhere loses nothing, lends nothing half-placed, and the same import again completes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from chalicelib import log
from chalicelib.errors import BadInput, Conflict, NotFound, StorageUnavailable
from chalicelib.pool import heads
from chalicelib.pool.group import GUARD, Group, second_of
from chalicelib.pool.number_rows import parse_row
from chalicelib.pool.seating import Seat, by_group, plan
from chalicelib.pool.table import PoolTable
from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber

Row = tuple[int, Mapping[str, str]]  # line of the file, cells by field


def import_numbers(site_id: str, rows: Iterable[Row], now: datetime) -> dict[str, Any]:
    """Place the numbers of a table: `{"rows", "landed", "unchanged", "rejected": [{"line", "field", "reason"}]}`.

    Good rows land whatever the others; the same rows again change nothing. Raises NotFound, StorageUnavailable.
    """
    numbers, rejected, total = _parsed(site_id, rows)
    stands = store.placed(number.number for number in numbers.values())
    free = {line: number for line, number in numbers.items() if _may_stand(number, stands.get(number.number))}
    rejected += [_rejection(line, "number", "belongs to another place") for line in numbers.keys() - free.keys()]
    free, refused = _claim_overflow(site_id, free)
    rejected += refused
    new = [number for number in free.values() if _changes(number, stands.get(number.number))]
    place_numbers(site_id, list(free.values()), now)
    log.event("numbers_imported", site_id=site_id, rows=total, landed=len(new), rejected=len(rejected))
    return {
        "rows": total,
        "landed": len(new),
        "unchanged": len(free) - len(new),
        "rejected": sorted(rejected, key=lambda rejection: rejection["line"]),
    }


def place_numbers(site_id: str, numbers: Sequence[TrackingNumber], now: datetime) -> list[TrackingNumber]:
    """Place numbers of one site and answer them with their places. A number that is placed keeps its place and state.

    Raises Conflict (field `numbers[i]`) where one belongs elsewhere, StorageUnavailable.
    """
    stands = store.placed(number.number for number in numbers)
    settled = [_settled(number, stands.get(number.number)) for number in numbers]
    dynamic = [number for number in settled if number.kind is NumberKind.DYNAMIC]
    seats: dict[str, Seat] = {}
    for pool_id, members in _by_pool(dynamic):
        seats |= _seat(PoolTable(pool_id), members)
    placed = [_with_seat(number, seats.get(number.number)) for number in settled]
    store.put_numbers(site_id, [number for number in placed if number != stands.get(number.number)])
    for pool_id, members in _by_pool([number for number in placed if number.kind is NumberKind.DYNAMIC]):
        lent = {number.number: seats[number.number] for number in members if number.state is NumberState.ACTIVE}
        _activate(PoolTable(pool_id), lent)
    return placed


def set_state(
    site_id: str, number: str, state: NumberState, now: datetime, *, only_in: NumberState | None = None
) -> TrackingNumber:
    """Take a number (E.164) out of use or back into it. Only an archived one leaves its visitor at once.

    Draining and quarantine let the live lease run out: the registry keeps the number from being lent again meanwhile,
    and upkeep closes its slot. Raises NotFound, StorageUnavailable, Conflict where it is not `only_in` this state.
    """
    stands = store.number_of_site(site_id, number)
    since = {} if stands is not None and stands.state is state else {"state_since": now}
    changed = store.change_number(site_id, number, {"state": state, **since}, only_in=only_in)
    if changed.pool_id is None or changed.group is None or changed.slot is None:
        return changed
    table, second = PoolTable(changed.pool_id), second_of(now)
    if state is NumberState.ACTIVE:
        heads.activate(table, changed.group, {changed.slot: number})
        return changed
    at_once = state is NumberState.ARCHIVED
    retired = heads.retire(table, changed.group, changed.slot, number, second, at_once=at_once, guard=GUARD)
    log.event("number_state", site_id=site_id, pool_id=changed.pool_id, state=state, retired=retired)
    return changed


def _parsed(site_id: str, rows: Iterable[Row]) -> tuple[dict[int, TrackingNumber], list[dict[str, Any]], int]:
    """Good numbers by line, what is wrong with the others, and how many rows there were."""
    site = store.site(site_id)
    if site is None:
        raise NotFound("No such site.")
    pools = {pool.pool_id for pool in store.pools_of(site_id)}
    campaigns = {campaign.campaign_id for campaign in store.campaigns_of(site_id) if not campaign.archived}
    numbers: dict[int, TrackingNumber] = {}
    rejected, seen, total = [], set(), 0
    for total, (line, cells) in enumerate(rows, start=1):  # noqa: B007 - the count is wanted after the loop
        try:
            number = parse_row(cells, site_id, site.country, pools, campaigns)
            if number.number in seen:
                raise BadInput("number", "stands in an earlier line")
        except BadInput as error:
            rejected.append(_rejection(line, error.field, error.reason))
        else:
            seen.add(number.number)
            numbers[line] = number
    return numbers, rejected, total


def _claim_overflow(
    site_id: str, numbers: dict[int, TrackingNumber]
) -> tuple[dict[int, TrackingNumber], list[dict[str, Any]]]:
    """Make overflow numbers their pools' own; a pool has one."""
    rejected = []
    for line, number in list(numbers.items()):
        if number.kind is not NumberKind.OVERFLOW or number.pool_id is None:
            continue
        pool = store.pool(site_id, number.pool_id)
        reason = None
        if pool and pool.overflow_number not in (None, number.number):
            reason = "its pool has another overflow number"
        elif pool and pool.overflow_number is None:
            try:
                store.update_pool(site_id, number.pool_id, {"overflow_number": number.number})
            except Conflict:
                reason = "belongs to another place"
        if reason:
            del numbers[line]
            rejected.append(_rejection(line, "number", reason))
    return numbers, rejected


def _may_stand(number: TrackingNumber, stands: TrackingNumber | None) -> bool:
    if stands is None or stands.state is NumberState.ARCHIVED:
        return True
    return (stands.site_id, stands.kind, stands.pool_id, stands.campaign_id) == (
        number.site_id,
        number.kind,
        number.pool_id,
        number.campaign_id,
    )


def _settled(number: TrackingNumber, stands: TrackingNumber | None) -> TrackingNumber:
    """The number with the place and state it has already."""
    if stands is None or stands.state is NumberState.ARCHIVED or not _may_stand(number, stands):
        return number
    return replace(
        stands, label=number.label or stands.label, target_number=number.target_number or stands.target_number
    )


def _changes(number: TrackingNumber, stands: TrackingNumber | None) -> bool:
    return _settled(number, stands) != stands


def _seat(table: PoolTable, members: Sequence[TrackingNumber]) -> dict[str, Seat]:
    """Keep a slot for each number. What stands already is left where it is."""
    known = {
        number.number: Seat(number.group, number.slot)
        for number in members
        if number.group is not None and number.slot is not None
    }
    wanted = [number.number for number in members if number.number not in known]
    for _ in range(heads.TRIES if wanted else 0):
        groups = heads.read_all(table, consistent=True)
        seats = plan(groups, wanted)
        missing = {number: seat for number, seat in seats.items() if not _is_kept(groups, number, seat)}
        if all(heads.claim(table, group, taken, new=group not in groups) for group, taken in by_group(missing).items()):
            return known | seats
    if wanted:
        raise StorageUnavailable("The pool is being changed. Try again.")
    return known


def _is_kept(groups: Mapping[int, Group], number: str, seat: Seat) -> bool:
    return seat.group in groups and groups[seat.group].slots[seat.slot].kept_for == number


def _activate(table: PoolTable, seats: Mapping[str, Seat]) -> None:
    for group, taken in by_group(seats).items():
        heads.activate(table, group, taken)


def _with_seat(number: TrackingNumber, seat: Seat | None) -> TrackingNumber:
    return number if seat is None else replace(number, group=seat.group, slot=seat.slot)


def _by_pool(numbers: Iterable[TrackingNumber]) -> list[tuple[str, list[TrackingNumber]]]:
    ordered = sorted(numbers, key=lambda number: number.pool_id or "")
    return [(pool_id or "", list(members)) for pool_id, members in groupby(ordered, key=lambda number: number.pool_id)]


def _rejection(line: int, field: str | None, reason: str) -> dict[str, Any]:
    return {"line": line, "field": field, "reason": reason}
