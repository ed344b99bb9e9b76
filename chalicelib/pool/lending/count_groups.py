"""What a pool's history says of one minute: how many numbers were lent, how many leases began, which ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chalicelib.pool.lending.lease_group import SLOTS, Group
from chalicelib.pool.lending.lease_history import Lease, key_of, leases_of
from chalicelib.pool.statistics.stays import stay_of


class Counted(NamedTuple):
    """One pool's count of a minute. `live` is of the minute's end, `numbers` of the moment of counting."""

    live: int  # numbers lent
    numbers: int  # numbers that may be lent, and those taken out of use whose slot is not closed yet
    leases: int  # begun
    ended: int
    stay: int  # seconds that the visitors of the ended leases stayed at least, together
    lapsed: int = 0  # of the ended leases, those that nobody gave back
    renewals: int = 0  # of these
    doubt: int = 0  # seconds within which their visitors left after `stay`, together


def count(groups: Iterable[Sequence[Group]], minute: tuple[float, float], hold: int) -> Counted:
    """Count a pool's groups, each given as its current state and, where `needs_history`, its history, newest first.

    `minute` is [beginning, end) in seconds since 2024. Once all writes that were sent within the minute have arrived,
    the count is exact and final: numbers lent at its end = those lent at its beginning + leases begun − leases ended.
    """
    begin, end = minute
    histories = list(groups)
    leases = [lease for states in histories for lease in _leases(states)]
    stays = [stay_of(lease.until - lease.leased, hold) for lease in leases if begin <= lease.until < end]
    return Counted(
        live=sum(1 for lease in leases if lease.leased < end <= lease.until),
        numbers=sum(1 for current, *_ in histories for slot in current.slots if not slot.retired),
        leases=sum(1 for lease in leases if begin <= lease.leased < end),
        ended=len(stays),
        stay=sum(stay.least for stay in stays),
        lapsed=sum(1 for stay in stays if stay.doubt),
        renewals=sum(stay.renewals for stay in stays),
        doubt=sum(stay.doubt for stay in stays),
    )


def needs_history(current: Group, since: float) -> bool:
    """Return whether a lease that ended at `since` (seconds since 2024) or later may be missing from this state."""
    return current.last_chunk >= key_of(since)


def _leases(states: Sequence[Group]) -> Iterator[Lease]:
    for slot in range(SLOTS):
        yield from leases_of(slot, states)
