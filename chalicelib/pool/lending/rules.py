"""The rules of lending, as conversations with storage: each yields commands and is sent their answers.

They know neither AWS nor the clock nor chance: `now` (seconds since 2024) and the generator of random numbers are
arguments. `table.py` holds the conversation in production; simulations and property tests hold the same one with a
store of their own.

A slot is one register inside one item, and DynamoDB serialises conditional writes to an item. A take needs a lease that
ended more than the guard ago, a renewal and a release need the visitor himself: so a number has one holder at any
moment. Expiry is only ever a comparison with the clock.

A lease that has ended never runs again: a visitor who returns to a slot that nobody else was lent begins a new lease
there, and the old one is closed in the same write. So what history says of a moment never changes afterwards.

What one address may hold is bounded in the same writes (allowance.py). A lease that runs is renewed whoever holds what;
one that begins anew counts as a new one.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from chalicelib.pool.lending.address_quota import Allowance, Ticket, over_before
from chalicelib.pool.lending.commands import (
    Conversation,
    Copied,
    Copy,
    Read,
    Release,
    Renew,
    Retake,
    Take,
    Trim,
    Written,
)
from chalicelib.pool.lending.lease_group import Group, Slot, end_of, free_before
from chalicelib.pool.lending.pool_view import PoolView
from chalicelib.pool.lending.slot_search import Choice, Search

RELEASE_GRACE = 90  # seconds a number still belongs to a visitor who left: they may be dialling
MOST_WRITES, RENEWALS = 8, 3
# Closed leases. With 18 a head stays below a kilobyte when its times have nine digits, which they have from 2027 on: a
# ring as full as that is moved at once. One that is known to fill is copied before the next write to its group, which
# then empties it and costs no more than it would without; the two leases between are for what others pushed meanwhile.
# A renewal does so earlier: nobody waits for it.
RING_FULL, RING_FILLS, RING_FILLS_RENEW = 18, 16, 13
LOOKED_AT_AGAIN = 64  # groups, before an address is refused


class Lent(NamedTuple):
    """A lease that stands. Times in seconds since 2024."""

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
    allowance: Allowance | None = None,
    *,
    proven: bool = True,
) -> Conversation[Lent | None]:
    """A number for a visitor: the one they have or had, while nobody else got it, else a rested one; None if none.

    `allowance` is their address's, if that is limited. If it is why they get none, the view tells (`crowded`).
    Without `proven` somebody only says who they are: a lease that runs is theirs if their address was given it.
    """
    lent = yield from _regain(view, visitor, now, allowance, proven=proven)
    if lent is not None:
        return lent
    if view.exhausted(now) or (yield from _crowded(view, allowance, now)):
        return None
    search, choice = Search(view, now, rng, allowance), None
    for _ in range(MOST_WRITES):
        known = view.seat_of(visitor)
        choice = yield from search.next()
        if view.seat_of(visitor) not in (known, None):  # the search came upon him
            lent = yield from _regain(view, visitor, now, allowance, proven=proven)
        elif choice is None:
            break
        else:
            lent = yield from _take(search, choice, visitor, proven=proven)
        if lent is not None:
            return lent
    if allowance is not None and search.crowded:
        view.note_crowded(allowance, now)
    elif choice is None:
        view.note_exhausted(now, all_read=search.all_read)
    return None


def renew(
    view: PoolView,
    seat: Choice,
    visitor: bytes,
    now: float,
    allowance: Allowance | None = None,
    *,
    lapsed: bool = False,
    leased: int | None = None,
) -> Conversation[Lent | None]:
    """Extend the visitor's lease by the pool's hold; begin a new one where it has ended. None: no number of theirs.

    It went to somebody else, or it is not lent any more, or their address has nothing left of its allowance. `lapsed`
    says that the lease has ended as far as the visitor knows, `leased` when it began: where the container has seen a
    later one of somebody else in the slot, nothing is written.
    """
    until, running = end_of(now, view.policy.hold), math.ceil(now)
    image = view.image(seat.group)
    if image is not None and leased is not None and _displaced(image.slots[seat.slot], visitor, leased):
        return None
    ended = lapsed or (image is not None and image.slots[seat.slot].until < running)
    for turn in range(RENEWALS):
        ticket = _ticket(view, allowance, seat, now) if ended else None
        if ended and (not view.lendable(*seat) or (allowance is not None and ticket is None)):
            return None
        copied = (
            (yield from _copied(view, seat.group, RING_FILLS_RENEW)) if turn == 0 else None
        )  # what failed once is not burdened again
        write: Renew | Retake = Renew(*seat, visitor, until, running, copied)
        if ended:
            write = Retake(*seat, visitor, math.floor(now), until, running, ticket, copied)
        written: Written = yield write
        if written.image is None:
            view.forget(seat.group)
            return None
        view.record(seat.group, written.image, now, paced=False)
        if written.done and len(written.image.ring) >= RING_FULL:
            yield from spill(seat.group, written.image)
        slot = written.image.slots[seat.slot]
        if slot.visitor != visitor or written.done or slot.until >= until:
            return _standing(seat, visitor, written.image)
        ended = slot.until < running  # not as it had seemed
    return None


def release(
    seat: Choice, visitor: bytes, now: float, latest: int, view: PoolView | None = None
) -> Conversation[Written]:
    """Give back the lease that ends at `latest`: it stays the visitor's for the grace from now on, then it is free.

    A repetition changes nothing, nor does a release that was delayed until after a renewal, or after the lease's end.
    """
    written: Written = yield Release(*seat, visitor, end_of(now, RELEASE_GRACE), latest, math.ceil(now))
    if view is not None and not view.unseen and written.image is not None:
        view.record(seat.group, written.image, now, paced=False)  # a look at twelve numbers for nothing
    if written.done and written.image is not None and len(written.image.ring) >= RING_FULL:
        yield from spill(seat.group, written.image)
    return written


def spill(group: int, image: Group) -> Conversation[None]:
    """Move the ring into a chunk of history. A crash between the two steps leaves a second copy and loses nothing."""
    key = chunk_key(image)
    copied: Written = yield Copy(group, image, key)
    if copied.done:
        yield Trim(group, image, key)


def _copied(view: PoolView, group: int, fills: int) -> Conversation[Copied | None]:
    """Copy a ring that fills, so that the write that follows may empty it; None: that write is one like any other."""
    image = view.image(group)
    if image is None or len(image.ring) < fills:
        return None
    key = chunk_key(image)
    copied: Written = yield Copy(group, image, key)
    return Copied(image.last_chunk, len(image.ring), key) if copied.done else None


def chunk_key(image: Group) -> int:
    """The image's key as a chunk: milliseconds since 2024 of its last push, and more than that of the chunk before.

    So chunks sort as they were made, whatever clocks said, and a lease is in a chunk whose key is not before its end.
    """
    return max(image.last_push() * 1000, image.last_chunk + 1)


def _regain(
    view: PoolView, visitor: bytes, now: float, allowance: Allowance | None, *, proven: bool
) -> Conversation[Lent | None]:
    """The number that the visitor was last seen with."""
    seat = view.seat_of(visitor)
    if seat is None or not (proven or _given_to(view, Choice(*seat), allowance, now)):
        return None
    return (yield from renew(view, Choice(*seat), visitor, now, allowance))


def _given_to(view: PoolView, seat: Choice, allowance: Allowance | None, now: float) -> bool:
    """Whether the slot's lease was given to this address, or runs no more."""
    image = view.image(seat.group)
    if image is None:
        return False
    slot = image.slots[seat.slot]
    return slot.until < math.ceil(now) or (allowance is not None and slot.tag in allowance.tags)


def _crowded(view: PoolView, allowance: Allowance | None, now: float) -> Conversation[bool]:
    """Whether the address holds what it may. Before it is refused it is looked at again, once in a few seconds."""
    if allowance is None or view.crowded(allowance, now):
        return allowance is not None
    over = over_before(now, view.policy.guard)
    held = view.held_by(allowance, over)
    if len(held) < allowance.most:
        return False
    images: dict[int, Group] = yield Read(tuple(sorted({group for group, _ in held}))[:LOOKED_AT_AGAIN])
    for group, image in images.items():
        view.record(group, image, now)
    if len(view.held_by(allowance, over)) < allowance.most:
        return False
    view.note_crowded(allowance, now)
    return True


def _ticket(view: PoolView, allowance: Allowance | None, seat: Choice, now: float) -> Ticket | None:
    """What an address that is limited needs to be lent this slot; None where there is no limit, or nothing left."""
    over = over_before(now, view.policy.guard)
    if allowance is None or len(view.held_by(allowance, over)) >= allowance.most:
        return None
    return allowance.ticket(seat.group, view.image(seat.group), seat.slot, over)


def _take(search: Search, choice: Choice, visitor: bytes, *, proven: bool) -> Conversation[Lent | None]:
    """One conditional write. None: it met a conflict, and the view knows more than before."""
    view, now = search.view, search.now
    age = view.age(choice.group, now)
    leased, until = math.floor(now), end_of(now, view.policy.hold)
    ticket = _ticket(view, search.allowance, choice, now)
    copied = yield from _copied(view, choice.group, RING_FILLS)
    written: Written = yield Take(*choice, visitor, leased, until, free_before(now, view.policy.guard), ticket, copied)
    search.asked.add(choice.group)
    if written.image is None:
        view.forget(choice.group)
        return None
    view.record(choice.group, written.image, now)
    taken = written.image.slots[choice.slot]
    # An SDK repeats a write whose answer was lost: the second one fails, upon an image that shows the first.
    if written.done or (taken.visitor == visitor and taken.leased == leased):
        view.believe_more(age)
        if len(written.image.ring) >= RING_FULL:
            yield from spill(choice.group, written.image)
        return _standing(choice, visitor, written.image)
    return (yield from _conflict(search, choice, visitor, written.image, proven=proven))


def _conflict(
    search: Search, choice: Choice, visitor: bytes, image: Group, *, proven: bool
) -> Conversation[Lent | None]:
    """The visitor has a slot of this group (second tab, retry), somebody was faster, or the address has its part."""
    view, mine = search.view, image.slot_of(visitor)
    if mine is None:
        if image.slots[choice.slot].until >= free_before(search.now, view.policy.guard):
            view.believe_less()
        return None
    seat, lent = Choice(choice.group, mine), None
    if view.lendable(*seat) and (proven or _given_to(view, seat, search.allowance, search.now)):
        lent = yield from renew(view, seat, visitor, search.now, search.allowance)
    if lent is None and (now_there := view.image(choice.group)) and now_there.slot_of(visitor) is not None:
        search.refused.add(choice.group)
    return lent


def _displaced(slot: Slot, visitor: bytes, leased: int) -> bool:
    """Whether the slot shows that the visitor's lease, which began at `leased`, made room for somebody else's."""
    return slot.visitor not in (None, visitor) and slot.leased > leased


def _standing(seat: Choice, visitor: bytes, image: Group) -> Lent | None:
    slot = image.slots[seat.slot]
    return Lent(*seat, visitor, slot.leased, slot.until) if slot.visitor == visitor else None
