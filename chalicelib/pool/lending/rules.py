"""The rules of lending, sans-I/O: each is a generator that yields commands for storage and is sent their answers.

They know neither AWS nor the clock nor chance: `now` (seconds since 2024) and the generator of random numbers are
arguments. `groups_table.py` runs the steps in production; simulations and property tests run the same ones with a
store of their own.

A slot is one register inside one item, and DynamoDB serialises conditional writes to an item. A take needs a lease that
ended more than the guard ago, a renewal and a release need the same visitor: so a number has one holder at any moment.
Expiry is only ever a comparison with the clock.

A lease that has ended never runs again: a visitor who returns to a slot that nobody else was lent begins a new lease
there, and the old one is closed in the same write. So what history says of a moment never changes afterwards.

The same writes limit what one address may hold (address_quota.py). A lease that runs is renewed at any quota; one that
begins anew counts as a new one.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from chalicelib.pool.lending.address_quota import AddressQuota, QuotaToken, over_before
from chalicelib.pool.lending.commands import (
    Copied,
    Copy,
    Read,
    Release,
    Renew,
    Retake,
    Steps,
    Take,
    Trim,
    Written,
)
from chalicelib.pool.lending.lease_group import Group, Position, Slot, end_of, free_before
from chalicelib.pool.lending.pool_view import PoolView
from chalicelib.pool.lending.slot_search import Search

RELEASE_GRACE = 90  # seconds a number still belongs to a visitor who left: they may be dialling
MOST_WRITES, RENEWALS = 8, 3
# Closed leases. With 18 an item stays below a kilobyte when its times have nine digits, as they have from 2027 on: so
# many are archived at once. A list that is seen to fill up is copied before the next write to its group, which then
# empties it and costs no more than it would without; the two leases between are for what others add meanwhile.
# A renewal does so earlier: nobody waits for it.
CLOSED_FULL, CLOSED_FILLING, CLOSED_FILLING_RENEW = 18, 16, 13
LOOKED_AT_AGAIN = 64  # groups, before an address is refused


class Lent(NamedTuple):
    """A lease as it is stored. Times in seconds since 2024."""

    group: int
    slot: int
    visitor: bytes
    leased: int
    until: int


def lend(
    view: PoolView,
    visitor: bytes,
    now: float,
    rng: random.Random,
    quota: AddressQuota | None = None,
    *,
    proven: bool = True,
) -> Steps[Lent | None]:
    """Lend a visitor the number they have or had, while nobody else got it, else a rested one; None if there is none.

    `quota` is their address's, if that is limited. If it is why they get none, the view says so (`over_quota`).
    Without `proven` the visitor id is only claimed: a lease that runs is theirs if it was lent to their address.
    """
    lent = yield from _regain(view, visitor, now, quota, proven=proven)
    if lent is not None:
        return lent
    if view.exhausted(now) or (yield from _over_quota(view, quota, now)):
        return None
    search, choice = Search(view, now, rng, quota), None
    for _ in range(MOST_WRITES):
        known = view.position_of(visitor)
        choice = yield from search.next()
        if view.position_of(visitor) not in (known, None):  # the search found the visitor
            lent = yield from _regain(view, visitor, now, quota, proven=proven)
        elif choice is None:
            break
        else:
            lent = yield from _take(search, choice, visitor, proven=proven)
        if lent is not None:
            return lent
    if quota is not None and search.over_quota:
        view.note_over_quota(quota, now)
    elif choice is None:
        view.note_exhausted(now, all_read=search.all_read)
    return None


def renew(
    view: PoolView,
    position: Position,
    visitor: bytes,
    now: float,
    quota: AddressQuota | None = None,
    *,
    lapsed: bool = False,
    leased: int | None = None,
) -> Steps[Lent | None]:
    """Extend the visitor's lease by the pool's hold; begin a new one where it has ended. None: no number of theirs.

    Then it went to somebody else, or it is not lent any more, or nothing is left of their address's quota. `lapsed`
    says that the lease has ended as far as the visitor knows, `leased` when it began: where the container has seen a
    later lease of another visitor in the slot, nothing is written.
    """
    until, running = end_of(now, view.policy.hold), math.ceil(now)
    state = view.state(position.group)
    if state is not None and leased is not None and _displaced(state.slots[position.slot], visitor, leased):
        return None
    ended = lapsed or (state is not None and state.slots[position.slot].until < running)
    for turn in range(RENEWALS):
        quota_token = _quota_token(view, quota, position, now) if ended else None
        if ended and (not view.lendable(*position) or (quota is not None and quota_token is None)):
            return None
        copied = (
            (yield from _copied(view, position.group, CLOSED_FILLING_RENEW)) if turn == 0 else None
        )  # what failed once is not burdened again
        write: Renew | Retake = Renew(*position, visitor, until, running, copied)
        if ended:
            write = Retake(*position, visitor, math.floor(now), until, running, quota_token, copied)
        written: Written = yield write
        if written.state is None:
            view.forget(position.group)
            return None
        view.record(position.group, written.state, now, paced=False)
        if written.done and len(written.state.closed) >= CLOSED_FULL:
            yield from archive(position.group, written.state)
        slot = written.state.slots[position.slot]
        if slot.visitor != visitor or written.done or slot.until >= until:
            return _lent(position, visitor, written.state)
        ended = slot.until < running  # other than expected
    return None


def release(
    position: Position, visitor: bytes, now: float, latest: int, view: PoolView | None = None
) -> Steps[Written]:
    """Give back the lease that ends at `latest`: it stays the visitor's for the grace from now on, then it ends.

    A repetition changes nothing, nor does a release that was delayed until after a renewal, or after the lease's end.
    """
    written: Written = yield Release(*position, visitor, end_of(now, RELEASE_GRACE), latest, math.ceil(now))
    if view is not None and not view.unseen and written.state is not None:
        view.record(position.group, written.state, now, paced=False)  # twelve numbers seen without a read
    if written.done and written.state is not None and len(written.state.closed) >= CLOSED_FULL:
        yield from archive(position.group, written.state)
    return written


def archive(group: int, state: Group) -> Steps[None]:
    """Move closed leases into a chunk of history. A crash between the two steps leaves a copy and loses nothing."""
    key = chunk_key(state)
    copied: Written = yield Copy(group, state, key)
    if copied.done:
        yield Trim(group, state, key)


def _copied(view: PoolView, group: int, fills: int) -> Steps[Copied | None]:
    """Copy closed leases when there are `fills`, so that the next write may remove them; None: it removes nothing."""
    state = view.state(group)
    if state is None or len(state.closed) < fills:
        return None
    key = chunk_key(state)
    copied: Written = yield Copy(group, state, key)
    return Copied(state.last_chunk, len(state.closed), key) if copied.done else None


def chunk_key(state: Group) -> int:
    """Return the state's key as a chunk: milliseconds since 2024 of its last push, and more than the last chunk's key.

    So chunks sort as they were made, even with wrong clocks, and a lease is in a chunk whose key is not before its end.
    """
    return max(state.last_push() * 1000, state.last_chunk + 1)


def _regain(
    view: PoolView, visitor: bytes, now: float, quota: AddressQuota | None, *, proven: bool
) -> Steps[Lent | None]:
    """Renew the lease of the number that the visitor was last seen with."""
    position = view.position_of(visitor)
    if position is None or not (proven or _given_to(view, Position(*position), quota, now)):
        return None
    return (yield from renew(view, Position(*position), visitor, now, quota))


def _given_to(view: PoolView, position: Position, quota: AddressQuota | None, now: float) -> bool:
    """Return whether the slot's lease was given to this address, or has ended."""
    state = view.state(position.group)
    if state is None:
        return False
    slot = state.slots[position.slot]
    return slot.until < math.ceil(now) or (quota is not None and slot.tag in quota.tags)


def _over_quota(view: PoolView, quota: AddressQuota | None, now: float) -> Steps[bool]:
    """Return whether the address holds what it may. Before it is refused its groups are read again."""
    if quota is None or view.over_quota(quota, now):
        return quota is not None
    over = over_before(now, view.policy.guard)
    held = view.held_by(quota, over)
    if len(held) < quota.most:
        return False
    states: dict[int, Group] = yield Read(tuple(sorted({group for group, _ in held}))[:LOOKED_AT_AGAIN])
    for group, state in states.items():
        view.record(group, state, now)
    if len(view.held_by(quota, over)) < quota.most:
        return False
    view.note_over_quota(quota, now)
    return True


def _quota_token(view: PoolView, quota: AddressQuota | None, position: Position, now: float) -> QuotaToken | None:
    """Return what an address needs to be lent this slot; None where it is not limited, or nothing is left."""
    over = over_before(now, view.policy.guard)
    if quota is None or len(view.held_by(quota, over)) >= quota.most:
        return None
    return quota.quota_token(position.group, view.state(position.group), position.slot, over)


def _take(search: Search, choice: Position, visitor: bytes, *, proven: bool) -> Steps[Lent | None]:
    """Take a slot by one conditional write. None: it met a conflict, and the view knows more than before."""
    view, now = search.view, search.now
    age = view.age(choice.group, now)
    leased, until = math.floor(now), end_of(now, view.policy.hold)
    quota_token = _quota_token(view, search.quota, choice, now)
    copied = yield from _copied(view, choice.group, CLOSED_FILLING)
    written: Written = yield Take(
        *choice, visitor, leased, until, free_before(now, view.policy.guard), quota_token, copied
    )
    search.asked.add(choice.group)
    if written.state is None:
        view.forget(choice.group)
        return None
    view.record(choice.group, written.state, now)
    taken = written.state.slots[choice.slot]
    # An SDK repeats a write whose answer was lost: the second one fails on a state that shows the first.
    if written.done or (taken.visitor == visitor and taken.leased == leased):
        view.believe_more(age)
        if len(written.state.closed) >= CLOSED_FULL:
            yield from archive(choice.group, written.state)
        return _lent(choice, visitor, written.state)
    return (yield from _conflict(search, choice, visitor, written.state, proven=proven))


def _conflict(search: Search, choice: Position, visitor: bytes, state: Group, *, proven: bool) -> Steps[Lent | None]:
    """Resolve a refused take: the visitor has a slot of this group, another was faster, or the quota is used up."""
    view, mine = search.view, state.slot_of(visitor)
    if mine is None:
        if state.slots[choice.slot].until >= free_before(search.now, view.policy.guard):
            view.believe_less()
        return None
    position, lent = Position(choice.group, mine), None
    if view.lendable(*position) and (proven or _given_to(view, position, search.quota, search.now)):
        lent = yield from renew(view, position, visitor, search.now, search.quota)
    if lent is None and (now_there := view.state(choice.group)) and now_there.slot_of(visitor) is not None:
        search.refused.add(choice.group)
    return lent


def _displaced(slot: Slot, visitor: bytes, leased: int) -> bool:
    """Return whether the visitor's lease, which began at `leased`, was replaced by another visitor's."""
    return slot.visitor not in (None, visitor) and slot.leased > leased


def _lent(position: Position, visitor: bytes, state: Group) -> Lent | None:
    slot = state.slots[position.slot]
    return Lent(*position, visitor, slot.leased, slot.until) if slot.visitor == visitor else None
