"""Assign tracking numbers: dynamic ones to a slot of a packed group, all of them to an owner in the registry.

First the slots are kept for their numbers, then the registry names the owner, then the slots are opened. A crash
anywhere loses nothing, lends nothing half assigned, and the same import again completes it. The registry writes a
number over the record that was read here: where that has changed meanwhile, all is decided anew; also where it was read
more than ten minutes ago (by a process that was stopped and goes on): hourly maintenance may have freed a slot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from msgspec.structs import replace

from chalicelib.core.errors import BadInput, Conflict, NotFound, StorageUnavailable
from chalicelib.core.phone import PhoneNumber
from chalicelib.pool.lending import slots
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import GUARD, Group, Position, second_of
from chalicelib.pool.lending.move_rules import Refusal, refusals
from chalicelib.pool.lending.number_csv import parse_row
from chalicelib.pool.lending.slot_assignment import assign_slots, by_group
from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, NumberState, Ownership, TrackingNumber
from chalicelib.runtime import log

FRESH_SECONDS = 600  # as long as what was read may be acted on

Row = tuple[int, Mapping[str, str]]  # line of the file, cells by field


class Placed(NamedTuple):
    """The result of an import: the records now, how many of them changed, and why others were refused, by number."""

    numbers: list[TrackingNumber]
    changed: int
    refused: dict[str, Refusal]


def import_numbers(site_id: str, rows: Iterable[Row], now: datetime) -> dict[str, Any]:
    """Import the numbers of a table: `{"rows", "landed", "unchanged", "rejected": [{"line", "field", "reason"}]}`.

    Bad rows do not stop good ones; the same rows again change nothing. A rejection that only takes time says from when
    the number can be imported (`available_at`). Raises NotFound, StorageUnavailable.
    """
    numbers, rejected, total = _parsed(site_id, rows)
    refused = _second_overflow(site_id, numbers.values())
    placed = _place(site_id, [number for number in numbers.values() if number.number not in refused], now)
    refused |= placed.refused
    _show_overflow(site_id, placed.numbers)
    for line, number in numbers.items():
        if number.number in refused:
            rejected.append(_rejection(line, "number", *refused[number.number]))
    log.event("numbers_imported", site_id=site_id, rows=total, landed=placed.changed, rejected=len(rejected))
    return {
        "rows": total,
        "landed": placed.changed,
        "unchanged": len(placed.numbers) - placed.changed,
        "rejected": sorted(rejected, key=lambda rejection: rejection["line"]),
    }


def place_numbers(site_id: str, numbers: Sequence[TrackingNumber], now: datetime) -> list[TrackingNumber]:
    """Import numbers of one site and return them with their slots. An existing number keeps its slot and state.

    Raises Conflict (field `numbers[i]`) before anything is written where one belongs elsewhere or may still be seen
    there, StorageUnavailable.
    """
    return _place(site_id, numbers, now, partly=False).numbers


def hand_over(site_id: str, pool_id: str, number: str, now: datetime) -> None:
    """Let a number (E.164) that was archived elsewhere be a pool's overflow number, before the pool shows it.

    A number that nobody had, or the pool has, is left as it is. Raises Conflict (field `overflow_number`) where it
    belongs elsewhere or may still be seen there.
    """
    overflow = TrackingNumber(number, site_id, NumberKind.OVERFLOW, pool_id=pool_id)
    if not store.current_owners([number]):
        return
    placed = _place(site_id, [overflow], now)
    if number in placed.refused:
        raise Conflict(f"overflow_number: {placed.refused[number].reason}", field="overflow_number")


def set_state(
    site_id: str, number: str, state: NumberState, now: datetime, *, only_in: NumberState | None = None
) -> TrackingNumber:
    """Take a number (E.164) out of use or back into it. Only archiving takes it from its visitor at once.

    Draining and quarantine let the live lease run out: the registry keeps the number from being lent again meanwhile,
    and maintenance closes its slot. Raises NotFound, StorageUnavailable, Conflict where it is not `only_in` this state.
    """
    before = store.number_of_site(site_id, number)
    if before is None:
        raise NotFound("No such number of this site.")
    if only_in not in (None, before.state):
        raise Conflict("The number's state has changed.")
    since = before.state_since if before.state is state else now
    comes_back = before.state is NumberState.ARCHIVED and state is not NumberState.ARCHIVED
    if comes_back and before.kind is NumberKind.DYNAMIC:
        back = replace(before, state=state, state_since=since, group=None, slot=None)  # its slot may be gone by now
        return place_numbers(site_id, [back], now)[0]
    changed = store.change_number(site_id, number, {"state": state, "state_since": since}, only_in=before.state)
    if changed.pool_id is None or changed.group is None or changed.slot is None:
        return changed
    table = PoolTable(changed.pool_id)
    if state is NumberState.ACTIVE:
        slots.activate(table, changed.group, {changed.slot: number})
        return changed
    at_once = state is NumberState.ARCHIVED
    retired = slots.retire(table, changed.group, changed.slot, number, second_of(now), at_once=at_once, guard=GUARD)
    log.event("number_state", site_id=site_id, pool_id=changed.pool_id, state=state, retired=retired)
    return changed


def _parsed(site_id: str, rows: Iterable[Row]) -> tuple[dict[int, TrackingNumber], list[dict[str, Any]], int]:
    """Return good numbers by line, what is wrong with the others, and how many rows there were."""
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
                raise BadInput("number", "is already in an earlier line")
        except BadInput as error:
            rejected.append(_rejection(line, error.field, error.reason))
        else:
            seen.add(number.number)
            numbers[line] = number
    return numbers, rejected, total


def _second_overflow(site_id: str, numbers: Iterable[TrackingNumber]) -> dict[str, Refusal]:
    """Refuse overflow numbers whose pool has another one, in the registry or further up in the table."""
    shown = {pool.pool_id: pool.overflow_number for pool in store.pools_of(site_id)}
    refused: dict[str, Refusal] = {}
    for number in numbers:
        if number.kind is NumberKind.OVERFLOW and number.pool_id is not None:
            if shown.get(number.pool_id) not in (None, number.number):
                refused[number.number] = Refusal("its pool has another overflow number")
            shown[number.pool_id] = shown.get(number.pool_id) or number.number
    return refused


def _show_overflow(site_id: str, numbers: Iterable[TrackingNumber]) -> None:
    """Make pools without an overflow number show theirs."""
    for number in numbers:
        if number.kind is NumberKind.OVERFLOW and number.pool_id is not None:
            pool = store.pool(site_id, number.pool_id)
            if pool is not None and pool.overflow_number is None:
                store.update_pool(site_id, number.pool_id, {"overflow_number": number.number})


def _place(site_id: str, numbers: Sequence[TrackingNumber], now: datetime, *, partly: bool = True) -> Placed:
    """Import the numbers that may be imported; without `partly` all or, with a Conflict, none."""
    first: Mapping[str, Ownership] | None = None
    for _ in range(slots.TRIES):
        until = time.monotonic() + FRESH_SECONDS
        known = store.ownerships(number.number for number in numbers)
        first = known if first is None else first
        refused = refusals(numbers, known, now)
        if refused and not partly:
            raise _conflict(numbers, refused)
        owners = {number: record.owner for number, record in known.items()}
        settled = [_settled(number, owners.get(number.number)) for number in numbers if number.number not in refused]
        try:
            placed = _write(site_id, settled, known, now, until)
        except store.Overtaken:
            continue
        before = {number: record.owner for number, record in first.items()}
        changed = sum(number != before.get(number.number) for number in placed)
        return Placed(placed, changed, refused)
    raise StorageUnavailable("The numbers are being changed. Try again.")


def _write(
    site_id: str, numbers: Sequence[TrackingNumber], known: Mapping[str, Ownership], now: datetime, until: float
) -> list[TrackingNumber]:
    """Keep slots, write the records, open the slots.

    Raises Overtaken where a record is not the known one any more, or what is known is older than `until` (monotonic).
    """
    positions: dict[str, Position] = {}
    for pool_id, members in _by_pool(number for number in numbers if number.kind is NumberKind.DYNAMIC):
        positions |= _assign(PoolTable(pool_id), members)
    placed = [_assigned(number, positions.get(number.number)) for number in numbers]
    owners = {number: record.owner for number, record in known.items()}
    changed = [number for number in placed if number != owners.get(number.number)]
    if time.monotonic() > until:
        raise store.Overtaken
    store.move_numbers(site_id, changed, known, now)
    for pool_id, members in _by_pool(number for number in placed if number.kind is NumberKind.DYNAMIC):
        lent = {number.number: positions[number.number] for number in members if number.state is NumberState.ACTIVE}
        for group, taken in by_group(lent).items():
            slots.activate(PoolTable(pool_id), group, taken)
    return placed


def _settled(number: TrackingNumber, owner: TrackingNumber | None) -> TrackingNumber:
    """Return the number with the assignment and state it has already; one that was archived begins anew."""
    if owner is None or owner.state is NumberState.ARCHIVED:
        return number
    return replace(owner, label=number.label or owner.label, target_number=number.target_number or owner.target_number)


def _assign(table: PoolTable, members: Sequence[TrackingNumber]) -> dict[str, Position]:
    """Keep a slot for each number. Existing numbers keep theirs."""
    known = {
        number.number: Position(number.group, number.slot)
        for number in members
        if number.group is not None and number.slot is not None
    }
    wanted = [number.number for number in members if number.number not in known]
    for _ in range(slots.TRIES if wanted else 0):
        groups = slots.read_all(table, consistent=True)
        positions = assign_slots(groups, wanted)
        missing = {number: position for number, position in positions.items() if not _is_kept(groups, number, position)}
        if all(slots.claim(table, group, taken, new=group not in groups) for group, taken in by_group(missing).items()):
            return known | positions
    if wanted:
        raise StorageUnavailable("The pool is being changed. Try again.")
    return known


def _is_kept(groups: Mapping[int, Group], number: str, position: Position) -> bool:
    return position.group in groups and groups[position.group].slots[position.slot].kept_for == number


def _assigned(number: TrackingNumber, position: Position | None) -> TrackingNumber:
    return number if position is None else replace(number, group=position.group, slot=position.slot)


def _by_pool(numbers: Iterable[TrackingNumber]) -> list[tuple[str, list[TrackingNumber]]]:
    ordered = sorted(numbers, key=lambda number: number.pool_id or "")
    return [(pool_id or "", list(members)) for pool_id, members in groupby(ordered, key=lambda number: number.pool_id)]


def _conflict(numbers: Sequence[TrackingNumber], refused: Mapping[str, Refusal]) -> Conflict:
    position, number = next((index, each.number) for index, each in enumerate(numbers) if each.number in refused)
    field = f"numbers[{position}]"
    return Conflict(f"{field}: {PhoneNumber(number).masked}: {refused[number].reason}", field=field)


def _rejection(line: int, field: str | None, reason: str, available_at: datetime | None = None) -> dict[str, Any]:
    rejection: dict[str, Any] = {"line": line, "field": field, "reason": reason}
    return rejection if available_at is None else rejection | {"available_at": available_at}
