"""Opening and closing slots: what the registry's changes do to the packed groups.

A slot that is not lent is retired. Without a number it is empty; with one it is kept for that number, so that no other
ever shares its history. Every step is a conditional write that may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.errors import StorageUnavailable
from chalicelib.pool import wire
from chalicelib.pool.group import RETIRED, SLOTS, Group, Slot, free_before
from chalicelib.pool.table import BATCH, PoolTable

FIRST_WINDOW = 8
TRIES = 5
END = {":retired": {"N": str(RETIRED)}}


def read_all(table: PoolTable, *, consistent: bool) -> dict[int, Group]:
    """All groups of a pool. They are numbered without gaps, so the first window with one missing is the last."""
    groups: dict[int, Group] = {}
    start, width = 0, FIRST_WINDOW
    while True:
        window = table.read(range(start, start + width), consistent=consistent)
        groups |= window
        if len(window) < width:
            return groups
        start, width = start + width, min(2 * width, BATCH)


def claim(table: PoolTable, group: int, seats: Mapping[int, str], *, new: bool) -> bool:
    """Keep empty slots for these numbers (slot → E.164). False: somebody moved in meanwhile; read and plan again."""
    if new:
        slots = tuple(Slot(None, 0, RETIRED, seats.get(index)) for index in range(SLOTS))
        head = Group(slots, (), 0)
        return table.put(wire.write_group(table.pool_id, group, head), "attribute_not_exists(k)")
    is_empty = "({slot}[3] = :retired AND ({slot}[1] = :nobody OR {slot}[1] = :number{index}))"
    kept = {index: Slot(None, 0, RETIRED, number) for index, number in seats.items()}
    return _set_slots(table, group, kept, is_empty, _numbers(seats) | {":nobody": wire.NOBODY} | END)


def activate(table: PoolTable, group: int, seats: Mapping[int, str], now: float) -> None:
    """Lend the retired slots that are kept for these numbers; leave all others alone. Raises StorageUnavailable."""
    is_kept = "({slot}[3] = :retired AND {slot}[1] = :number{index})"
    for _ in range(TRIES):
        image = table.read([group], consistent=True).get(group)
        asleep = {index: number for index, number in seats.items() if image and _kept(image, index, number)}
        free = dict.fromkeys(asleep, Slot(None, int(now), 0))
        if not asleep or _set_slots(table, group, free, is_kept, _numbers(asleep) | END):
            return
    raise StorageUnavailable("The pool is being changed. Try again.")


def retire(table: PoolTable, group: int, slot: int, number: str, now: float, *, at_once: bool, guard: int) -> bool:
    """Lend the slot no more. False: a lease runs still. `at_once` does not wait for it; the history keeps its end."""
    name = wire.NAMES[slot]
    limit = RETIRED if at_once else free_before(now, guard)
    written = table.update(
        group,
        f"SET r = list_append(r, {name}), {name} = :kept REMOVE {wire.TAGS[slot]}",
        f"{name}[3] < :limit",
        {":kept": wire.slot_value(slot, Slot(None, int(now), RETIRED, number)), ":limit": {"N": str(limit)}},
    )
    return written.done or (written.image is not None and _kept(written.image, slot, number))


def forget_addresses(table: PoolTable, group: int, image: Group, over: int) -> bool:
    """Delete the tags of leases that ended before `over`, as the image shows them. Whether there were any to delete."""
    ended = [index for index, slot in enumerate(image.slots) if slot.tag is not None and slot.until < over]
    if not ended:
        return False
    condition = " AND ".join(f"{wire.NAMES[index]}[3] < :over" for index in ended)
    change = f"REMOVE {', '.join(wire.TAGS[index] for index in ended)}"
    return table.update(group, change, condition, {":over": {"N": str(over)}}).done


def _set_slots(table: PoolTable, group: int, slots: Mapping[int, Slot], condition: str, values: dict[str, Any]) -> bool:
    """One write that sets several slots if the condition, a pattern of `slot` and `index`, holds for each."""
    changes = ", ".join(f"{wire.NAMES[index]} = :slot{index}" for index in slots)
    conditions = " AND ".join(condition.format(slot=wire.NAMES[index], index=index) for index in slots)
    wanted = {f":slot{index}": wire.slot_value(index, slot) for index, slot in slots.items()}
    return table.update(group, f"SET {changes}", conditions, values | wanted).done


def _numbers(seats: Mapping[int, str]) -> dict[str, Any]:
    return {f":number{index}": {"S": number} for index, number in seats.items()}


def _kept(image: Group, slot: int, number: str) -> bool:
    return image.slots[slot].retired and image.slots[slot].kept_for == number
