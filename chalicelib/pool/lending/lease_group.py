"""The packed group: twelve numbers of a pool and their closed leases, which one stored item holds.

Pure values. Times are whole seconds since 2024-01-01 UTC: the present is rounded down and an end is rounded up, so that
a lease is never shorter than promised. `now` is a float of the same scale.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SLOTS = 12  # with eighteen closed leases, the most that one write unit holds
GUARD = 2  # seconds between a lease's end and the next one: twice the largest clock error of a container
RETIRED = 99_999_999_999  # the end of a slot that is not lent: empty, draining, in quarantine or archived
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
AGE_CAP = 1800.0  # seconds; a number idle for longer says nothing more about the pool's pace


class Slot(NamedTuple):
    """One number's present. Never lent: no visitor, `until` 0.

    Retired: `kept_for` is the number that owns it, `leased` the end of its last lease, 0 where it never had one.
    `tag` is that of the address the lease was given to, if that is limited (see address_quota.py); not in history.
    """

    visitor: bytes | None
    leased: int
    until: int
    kept_for: str | None = None
    tag: bytes | None = None

    @property
    def retired(self) -> bool:
        """Whether the slot is not to be lent."""
        return self.until == RETIRED

    @property
    def empty(self) -> bool:
        """Whether the slot is retired and kept for no number: a new one may have it."""
        return self.retired and self.kept_for is None


class Position(NamedTuple):
    """Where a number is in its pool."""

    group: int
    slot: int


class Closed(NamedTuple):
    """A lease that is over for good: displaced by another one. `visitor` None: the slot had not been lent."""

    slot: int
    visitor: bytes | None
    leased: int
    until: int


class Group(NamedTuple):
    """The state of a group as storage returned it: the current one, or a chunk of history, which is a copy of one."""

    slots: tuple[Slot, ...]
    closed: tuple[Closed, ...]  # oldest first
    last_chunk: int = 0  # key of the newest chunk of the group's history when the state was read; 0: there was none

    def slot_of(self, visitor: bytes) -> int | None:
        """Return the visitor's slot, whether their lease runs or is over; None where they have none."""
        for index, slot in enumerate(self.slots):
            if slot.visitor == visitor:
                return index
        return None

    def oldest_end(self) -> int:
        """Return the earliest end among the slots that are lent at all; RETIRED where there is none."""
        return min(slot.until for slot in self.slots)

    def last_push(self) -> int:
        """Return a second by which all closed leases had ended, and not before the last lease of the state began.

        Only leases count: what an operator's clock wrote, into a slot that was opened or closed, moves nothing.
        """
        begun = (slot.leased for slot in self.slots if slot.visitor is not None)
        ended = (closed.until for closed in self.closed if closed.visitor is not None)
        return max((*begun, *ended), default=0)


def second_of(moment: datetime) -> float:
    """Return an aware moment as seconds since 2024."""
    return (moment - EPOCH).total_seconds()


def moment_of(second: float) -> datetime:
    """Return the moment of seconds since 2024: the inverse of `second_of`."""
    return EPOCH + timedelta(seconds=second)


def end_of(now: float, seconds: float) -> int:
    """Return the end, rounded up, of what begins now and lasts `seconds`."""
    return math.ceil(now + seconds)


def free_before(now: float, guard: int) -> int:
    """Return the time that a slot's `until` must be below for the slot to be free."""
    return math.floor(now) - guard


def idle_time(group: Group, now: float, guard: int) -> float | None:
    """Return twice the mean idle age of the group's free slots: about how long a number rests before it is lent again.

    Seconds, each age capped at AGE_CAP. None where nothing is free.
    """
    limit = free_before(now, guard)
    ages = [min(now - slot.until, AGE_CAP) for slot in group.slots if slot.until < limit]
    return 2 * sum(ages) / len(ages) if ages else None
