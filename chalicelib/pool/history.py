"""Who held a number at a moment, from the images of its group. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from chalicelib.pool.group import Group, moment_of

SKEW = 2  # seconds: our clocks among themselves and against the carrier's
TOO_QUICK = 4  # seconds: nobody reads a number and dials it so fast


class Certainty(StrEnum):
    """How sure it is that the holder is the caller."""

    LIVE = "live"  # the lease ran at that moment
    GRACE = "grace"  # it had ended shortly before, and nobody else held the number since
    PREVIOUS = "previous"  # the number had just gone to another visitor: the one before him dialled
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """One lease of the number, as `leases_of` found it."""

    visitor: str  # 24 hex digits
    leased_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """Who held the number, how sure that is, and why, in one sentence; and who may have dialled it besides."""

    certainty: Certainty
    why: str
    visitor: str | None = None  # 24 hex digits
    leased_at: datetime | None = None
    expires_at: datetime | None = None
    recent: tuple[Held, ...] = ()  # the leases that ran at the moment or had ended within the grace, latest first


class Lease(NamedTuple):
    """One lease of one number, in seconds since 2024."""

    visitor: bytes
    leased: int
    until: int


def query_from(at: float) -> int:
    """The key, in milliseconds since 2024, from which images tell about the moment `at` and the lease just before."""
    return int((at - SKEW - TOO_QUICK) * 1000)


def leases_of(slot: int, images: Iterable[Group]) -> list[Lease]:
    """A slot's leases in the order they began. `images` oldest first: a later one knows better how a lease ended."""
    ends: dict[tuple[int, bytes], int] = {}
    for image in images:
        for closed in image.ring:
            if closed.slot == slot and closed.visitor is not None:
                ends[closed.leased, closed.visitor] = closed.until
        present = image.slots[slot]
        if present.visitor is not None:
            ends[present.leased, present.visitor] = present.until
    return [Lease(visitor, leased, until) for (leased, visitor), until in sorted(ends.items())]


def holding(leases: list[Lease], at: float, grace: float) -> Holding:
    """Whose call it is that came at `at`. `grace`: seconds after a lease's end in which a call still belongs to it."""
    begun = [lease for lease in leases if lease.leased <= at + SKEW]
    if not begun:
        return Holding(Certainty.UNKNOWN, "Nobody had been lent the number by then, as far as its history reaches.")
    last, before = begun[-1], begun[-2] if len(begun) > 1 else None
    if before is not None and at - last.leased < TOO_QUICK and at - before.until <= grace:
        after = max(at - last.leased, 0)
        why = (
            f"The number had gone to its present holder only {after:.0f} s before the call: the one before him dialled."
        )
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
    """Everyone who had been shown the number by `at` and not longer ago than the grace, latest first, each once."""
    begun = [lease for lease in leases if lease.leased <= at + SKEW and at - lease.until <= grace]
    latest = {lease.visitor: lease for lease in begun}
    ordered = sorted(latest.values(), key=lambda lease: -lease.leased)
    return tuple(Held(lease.visitor.hex(), moment_of(lease.leased), moment_of(lease.until)) for lease in ordered)


def _held(certainty: Certainty, why: str, lease: Lease) -> Holding:
    return Holding(certainty, why, lease.visitor.hex(), moment_of(lease.leased), moment_of(lease.until))


def _time(second: float) -> str:
    return moment_of(second).strftime("%H:%M:%S")
