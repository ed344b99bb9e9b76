"""Who held a number at a moment, from the states of its group. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.pool.lending.lease_group import Group, moment_of

SKEW = 2  # seconds: our clocks among themselves and against the carrier's
TOO_QUICK = 4  # seconds: nobody reads a number and dials it so fast


class Certainty(StrEnum):
    """How sure it is that the holder is the caller."""

    LIVE = "live"  # the lease ran at that moment
    GRACE = "grace"  # it had ended shortly before, and nobody else held the number since
    PREVIOUS = "previous"  # the number had just gone to another visitor: the one before them dialled
    UNKNOWN = "unknown"


class Held(Struct, frozen=True):
    """One lease of the number, as `leases_of` found it."""

    visitor: str  # 24 hex digits
    leased_at: datetime
    expires_at: datetime


class Holding(Struct, frozen=True):
    """Who held the number, how sure that is, and why, in one sentence; and who may have dialled it besides."""

    certainty: Certainty
    why: str
    visitor: str | None = None  # 24 hex digits
    leased_at: datetime | None = None
    expires_at: datetime | None = None
    recent: tuple[Held, ...] = ()  # the leases that ran at the moment or had ended within the grace, latest first
    cut: bool = False  # so many leases that the oldest of the grace were not read


class Lease(NamedTuple):
    """One lease of one number, in seconds since 2024."""

    visitor: bytes
    leased: int
    until: int


def key_of(second: float) -> int:
    """Return the key from which chunks hold every lease that ended at `second` (since 2024) or later."""
    return int((second - SKEW) * 1000)


def holding_of(slot: int, states: Sequence[Group], at: float, grace: float, *, most: int) -> Holding:
    """Return who held the number at `at`, from the newest states of the group. With `most` of them some may be cut."""
    leases = leases_of(slot, states)
    cut = len(states) >= most and states[-1].last_chunk >= key_of(at - grace)
    return replace(holding(leases, at, grace), recent=recent(leases, at, grace), cut=cut)


def leases_of(slot: int, states: Sequence[Group]) -> list[Lease]:
    """Return a slot's leases in the order they began. `states` newest first, as the history gives them.

    A closed lease is over for good. Of one that was still in its slot the latest state has the right end: the one after
    most chunks, and of these the one with most closed leases. Keys order only what was pushed.
    """
    ends: dict[tuple[int, bytes], int] = {}
    ordered = list(reversed(states))
    ordered.sort(key=lambda state: (state.last_chunk, len(state.closed)))  # stable: of two alike the newer is last
    for state in ordered:
        present = state.slots[slot]
        if present.visitor is not None:
            ends[present.leased, present.visitor] = present.until
    for state in ordered:
        for closed in state.closed:
            if closed.slot == slot and closed.visitor is not None:
                ends[closed.leased, closed.visitor] = closed.until
    return [Lease(visitor, leased, until) for (leased, visitor), until in sorted(ends.items())]


def holding(leases: list[Lease], at: float, grace: float) -> Holding:
    """Return whose call it is that came at `at`. `grace`: seconds after a lease's end in which a call belongs to it.

    A lease that began after the call has no part in it, even within the skew of the clocks: nobody dials so fast.
    """
    begun = [lease for lease in leases if lease.leased <= at]
    if not begun:
        return Holding(Certainty.UNKNOWN, "Nobody had been lent the number by then, as far as its history reaches.")
    last, before = begun[-1], begun[-2] if len(begun) > 1 else None
    displaced = before is not None and before.visitor != last.visitor and at - before.until <= grace
    if before is not None and displaced and at - last.leased < TOO_QUICK:
        after = at - last.leased
        why = f"The number had gone to its present holder only {after:.0f} s before the call: the one before dialled."
        return _held(Certainty.PREVIOUS, why, before)
    if at <= last.until + SKEW:
        return _held(Certainty.LIVE, f"The lease ran from {_time(last.leased)} to {_time(last.until)} UTC.", last)
    late = at - last.until
    if late <= grace:
        why = f"The lease had ended {late:.0f} s before the call, and nobody was lent the number in between."
        return _held(Certainty.GRACE, why, last)
    why = f"The last lease had ended {late:.0f} s before the call, longer than the grace of {grace:.0f} s."
    return Holding(Certainty.UNKNOWN, why)


def recent(leases: list[Lease], at: float, grace: float) -> tuple[Held, ...]:
    """Return everyone who was shown the number before `at` and within the grace, latest first, each once."""
    begun = [lease for lease in leases if lease.leased <= at and at - lease.until <= grace]
    latest = {lease.visitor: lease for lease in begun}
    ordered = sorted(latest.values(), key=lambda lease: -lease.leased)
    return tuple(Held(lease.visitor.hex(), moment_of(lease.leased), moment_of(lease.until)) for lease in ordered)


def _held(certainty: Certainty, why: str, lease: Lease) -> Holding:
    return Holding(certainty, why, lease.visitor.hex(), moment_of(lease.leased), moment_of(lease.until))


def _time(second: float) -> str:
    return moment_of(second).strftime("%H:%M:%S")
