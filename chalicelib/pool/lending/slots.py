"""Opening and closing slots: what the registry's changes do to the packed groups.

A slot that is not lent is retired. Without a number it is empty; with one it is kept for that number, so that no other
number shares its history. Every step is a conditional write that may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.core.errors import StorageUnavailable
from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.groups_table import BATCH, PoolTable
from chalicelib.pool.lending.lease_group import RETIRED, SLOTS, Group, Slot, free_before

FIRST_WINDOW = 8
TRIES = 5
LET_GO = "-"  # before the number of a slot that is being freed
END = {":retired": {"N": str(RETIRED)}}


def read_all(table: PoolTable, *, consistent: bool) -> dict[int, Group]:
    """Return all groups of a pool. They are numbered without gaps, so the first window with one missing is the last."""
    groups: dict[int, Group] = {}
    start, width = 0, FIRST_WINDOW
    while True:
        window = table.read(range(start, start + width), consistent=consistent)
        groups |= window
        if len(window) < width:
            return groups
        start, width = start + width, min(2 * width, BATCH)


def claim(table: PoolTable, group: int, positions: Mapping[int, str], *, new: bool) -> bool:
    """Keep empty slots for these numbers (slot → E.164). False: another got one meanwhile; read and assign again."""
    if new:
        slots = tuple(Slot(None, 0, RETIRED, positions.get(index)) for index in range(SLOTS))
        current = Group(slots, ())
        return table.put(group_codec.write_group(table.pool_id, group, current), "attribute_not_exists(k)")
    names = {group_codec.NAMES[index]: index for index in positions}
    changes = ", ".join(f"{name}[1] = :number{index}" for name, index in names.items())
    conditions = " AND ".join(
        f"{name}[3] = :retired AND ({name}[1] = :nobody OR {name}[1] = :number{index})" for name, index in names.items()
    )
    return table.update(
        group, f"SET {changes}", conditions, _numbers(positions) | {":nobody": group_codec.NOBODY} | END
    ).done


def activate(table: PoolTable, group: int, positions: Mapping[int, str]) -> None:
    """Lend the retired slots that are kept for these numbers; leave all others alone. Raises StorageUnavailable.

    A slot that was lent before continues from the end of its last lease: it has been idle since then, and is not lent
    before that end.
    """
    for _ in range(TRIES):
        state = table.read([group], consistent=True).get(group)
        asleep = {index: number for index, number in positions.items() if state and _kept(state, index, number)}
        if not asleep or _open(table, group, asleep):
            return
    raise StorageUnavailable("The pool is being changed. Try again.")


def retire(table: PoolTable, group: int, slot: int, number: str, now: float, *, at_once: bool, guard: int) -> bool:
    """Stop lending the slot. False: a lease still runs. `at_once` does not wait for it.

    The history keeps the end of that lease, and so does the slot, in place of its beginning.
    """
    name = group_codec.NAMES[slot]
    limit = RETIRED if at_once else free_before(now, guard)
    kept = f"{name}[1] = :number, {name}[2] = {name}[3], {name}[3] = :retired"
    written = table.update(
        group,
        f"SET r = list_append(r, {name}), {kept} REMOVE {group_codec.TAGS[slot]}",
        f"{name}[3] < :limit",
        {":number": {"S": number}, ":limit": {"N": str(limit)}} | END,
    )
    return written.done or (written.state is not None and _kept(written.state, slot, number))


def let_go(table: PoolTable, group: int, slot: int, kept: Slot) -> bool:
    """Begin to free a slot, if it is as it was seen: from now on no import finds it kept for its number, or empty."""
    name, gone = group_codec.NAMES[slot], LET_GO + (kept.kept_for or "")
    as_seen = {":kept": group_codec.slot_value(slot, kept), ":gone": {"S": gone}}
    return table.update(group, f"SET {name}[1] = :gone", f"{name} = :kept", as_seen).done


def free(table: PoolTable, group: int, slot: int, number: str) -> bool:
    """Make a slot that was let go empty: a new number may have it."""
    name, empty = group_codec.NAMES[slot], group_codec.slot_value(slot, Slot(None, 0, RETIRED))
    gone = {":empty": empty, ":gone": {"S": LET_GO + number}} | END
    return table.update(group, f"SET {name} = :empty", f"{name}[1] = :gone AND {name}[3] = :retired", gone).done


def keep(table: PoolTable, group: int, slot: int, let_go: Slot, number: str) -> bool:
    """Keep a slot that was let go for the number that lives there after all."""
    name, gone = group_codec.NAMES[slot], {":gone": {"S": let_go.kept_for}}
    return table.update(
        group, f"SET {name}[1] = :number{slot}", f"{name}[1] = :gone", gone | _numbers({slot: number})
    ).done


def abandon(table: PoolTable, group: int, slot: int, now: float, guard: int) -> bool:
    """Close an open slot whose number is not known, once its last lease is over; it keeps the end of that lease."""
    name = group_codec.NAMES[slot]
    limit = {":limit": {"N": str(free_before(now, guard))}}
    nobodys = f"{name}[1] = :gone, {name}[2] = {name}[3], {name}[3] = :retired"
    return table.update(
        group,
        f"SET r = list_append(r, {name}), {nobodys} REMOVE {group_codec.TAGS[slot]}",
        f"{name}[3] < :limit",
        {":gone": {"S": LET_GO}} | limit | END,
    ).done


def forget_addresses(table: PoolTable, group: int, state: Group, over: int) -> bool:
    """Delete the tags of leases that ended before `over` by the given state. Return whether any were deleted."""
    ended = [index for index, slot in enumerate(state.slots) if slot.tag is not None and slot.until < over]
    if not ended:
        return False
    condition = " AND ".join(f"{group_codec.NAMES[index]}[3] < :over" for index in ended)
    change = f"REMOVE {', '.join(group_codec.TAGS[index] for index in ended)}"
    return table.update(group, change, condition, {":over": {"N": str(over)}}).done


def _open(table: PoolTable, group: int, positions: Mapping[int, str]) -> bool:
    """Open the slots if all are still kept for these numbers, in one write."""
    names = {group_codec.NAMES[index]: index for index in positions}
    changes = ", ".join(f"{name}[1] = :nobody, {name}[3] = {name}[2]" for name in names)
    conditions = " AND ".join(f"{name}[3] = :retired AND {name}[1] = :number{index}" for name, index in names.items())
    values = _numbers(positions) | {":nobody": group_codec.NOBODY} | END
    return table.update(group, f"SET {changes}", conditions, values).done


def _numbers(positions: Mapping[int, str]) -> dict[str, Any]:
    return {f":number{index}": {"S": number} for index, number in positions.items()}


def _kept(state: Group, slot: int, number: str) -> bool:
    return state.slots[slot].retired and state.slots[slot].kept_for == number
