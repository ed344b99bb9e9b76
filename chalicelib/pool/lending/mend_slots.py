"""Make a pool's slots agree with the registry again after a crash or a race, and free idle slots.

The registry says where a number lives, and is written first. So a slot that is closed although its number is in use is
opened; one that is open and has no number is closed. A slot is kept for its number while that lives there, and then for
as long as its history shows who was lent it; what an import claimed and never used (another import was faster) is freed
at once.

An import may run at the same time: it has read the number's record, found the slot kept for it, and names it in the
record only then. So before a slot is freed it is marked as let go, which an import that comes later sees; then the
record is written once more, which makes an import that came earlier read everything anew; only then the slot is empty.
After a crash the next hour continues from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from chalicelib.pool.lending import slots
from chalicelib.pool.lending.groups_table import HISTORY_SECONDS, PoolTable
from chalicelib.pool.lending.lease_group import GUARD, Group, Slot, second_of
from chalicelib.registry import store
from chalicelib.registry.types import NumberState, TrackingNumber
from chalicelib.runtime import log

# A call of the last day that history reaches back to may be of a lease that had ended a day, the longest grace, before.
LONGEST_GRACE = 86_400
KEPT_SECONDS = HISTORY_SECONDS + LONGEST_GRACE


class Seen(NamedTuple):
    """A slot as it was seen, and the number that lives in it by the registry; None where none does."""

    group: int
    slot_index: int
    slot: Slot
    resident: TrackingNumber | None

    @property
    def number(self) -> str:
        """Return the number it was kept for; empty where that is not known."""
        return (self.slot.kept_for or "").removeprefix(slots.LET_GO)

    @property
    def let_go(self) -> bool:
        """Whether it is being freed."""
        return self.slot.kept_for is not None and self.slot.kept_for.startswith(slots.LET_GO)

    @property
    def in_use(self) -> bool:
        """Whether a number lives there that was not archived."""
        return self.resident is not None and self.resident.state is not NumberState.ARCHIVED


class Mended(NamedTuple):
    """How many slots were opened, closed and freed."""

    opened: int
    closed: int
    freed: int


def mend_slots(pool_id: str, groups: Mapping[int, Group], numbers: Iterable[TrackingNumber], now: datetime) -> Mended:
    """Mend a pool's slots. `numbers` are those of its site, read after `groups`. Raises StorageUnavailable.

    Read in this order, a slot was open only if its number's record was written. One that is kept for a number without a
    record is left alone: the import is running, or will be completed by the same import.
    """
    table, residents = PoolTable(pool_id), {}
    for number in numbers:
        if number.pool_id == pool_id and number.group is not None and number.slot is not None:
            residents[number.group, number.slot] = number
    all_seen = list(_seen(groups, residents))
    opened = sum(_open(table, seen) for seen in all_seen if seen.slot.retired and seen.in_use)
    closed = sum(_abandon(table, seen, now) for seen in all_seen if not seen.slot.retired and seen.resident is None)
    idle = [seen for seen in all_seen if seen.slot.kept_for is not None and not seen.in_use and _is_over(seen, now)]
    known = store.current_owners(seen.number for seen in idle if seen.number)
    freed = sum(_free(table, seen) for seen in idle if not seen.number or seen.number in known)
    mended = Mended(opened, closed, freed)
    if any(mended):
        log.event("slots_mended", pool_id=pool_id, **mended._asdict())
    return mended


def _seen(groups: Mapping[int, Group], residents: Mapping[tuple[int, int], TrackingNumber]) -> Iterator[Seen]:
    for group, state in groups.items():
        for index, slot in enumerate(state.slots):
            yield Seen(group, index, slot, residents.get((group, index)))


def _open(table: PoolTable, seen: Seen) -> bool:
    """Open the slot of a number in use; one that was being freed is first kept for it again."""
    if seen.resident is None:
        return False
    number = seen.resident.number
    kept = seen.slot.kept_for == number or (
        seen.let_go and slots.keep(table, seen.group, seen.slot_index, seen.slot, number)
    )
    if not kept or seen.resident.state is not NumberState.ACTIVE:
        return False
    slots.activate(table, seen.group, {seen.slot_index: number})
    return True


def _abandon(table: PoolTable, seen: Seen, now: datetime) -> bool:
    """Close an open slot that no record names. Its number is not known, so it stays closed as long as any history."""
    return slots.abandon(table, seen.group, seen.slot_index, second_of(now), GUARD)


def _is_over(seen: Seen, now: datetime) -> bool:
    """Return whether a slot whose number is not in use there may be freed."""
    if seen.let_go and seen.number:
        return True
    return second_of(now) > seen.slot.leased + KEPT_SECONDS  # never lent: the end is 0, years ago


def _free(table: PoolTable, seen: Seen) -> bool:
    group, index, slot, _ = seen
    if not seen.number:
        return slots.free(table, group, index, "")
    if not seen.let_go and not slots.let_go(table, group, index, slot):
        return False
    # Where an import was faster the number lives here now, and the next hour opens the slot for it.
    return store.let_go(seen.number, table.pool_id, group, index) and slots.free(table, group, index, seen.number)
