"""What a minute's images of a pool say: how many numbers are lent, how many leases began, which ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.pool.group import Group
from chalicelib.pool.history import Lease
from chalicelib.pool.hold import stay_of


class Counted(NamedTuple):
    """One pool's count. `live` and `numbers` are of the moment, the rest is of the minute before it."""

    live: int  # numbers lent
    numbers: int  # numbers that may be lent
    leases: int  # begun
    ended: int
    stay: int  # seconds that the visitors of the ended leases stayed, together


def count(groups: Iterable[Group], now: float, minute: tuple[float, float], hold: int) -> Counted:
    """Count the groups of a pool at `now`; `minute` is [beginning, end), all in seconds since 2024.

    A lease lasts at least the grace of a release, so one that began within the last minute still stands in its slot:
    `leases` is exact, and so is `ended`, but for a group whose ring was just moved to its history.
    """
    begin, end = minute
    images = list(groups)
    slots = [slot for image in images for slot in image.slots if not slot.retired]
    leases = [lease for image in images for lease in _leases(image)]
    stays = [stay_of(lease.until - lease.leased, hold) for lease in leases if begin <= lease.until < end]
    return Counted(
        live=sum(1 for slot in slots if slot.visitor is not None and slot.until >= now),
        numbers=len(slots),
        leases=sum(1 for lease in leases if begin <= lease.leased < end),
        ended=len(stays),
        stay=round(sum(stays)),
    )


def _leases(image: Group) -> Iterator[Lease]:
    for slot in image.slots:
        if slot.visitor is not None:
            yield Lease(slot.visitor, slot.leased, slot.until)
    for closed in image.ring:
        if closed.visitor is not None:
            yield Lease(closed.visitor, closed.leased, closed.until)
