"""The rules of lending, as conversations with storage: each yields commands and is sent their answers.

They know neither AWS nor the clock nor chance: `now` (seconds since 2024) and the generator of random numbers are
arguments. `table.py` holds the conversation in production; simulations and property tests hold the same one with a
store of their own.

A slot is one register inside one item, and DynamoDB serialises conditional writes to an item. A take needs a lease that
ended more than the guard ago, a renewal and a release need the visitor himself: so a number has one holder at any
moment. Expiry is only ever a comparison with the clock.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from chalicelib.pool.chooser import Choice, Search
from chalicelib.pool.commands import Conversation, Copy, Release, Renew, Take, Trim, Written
from chalicelib.pool.group import Group, end_of, free_before
from chalicelib.pool.view import PoolView

RELEASE_GRACE = 90  # seconds a number still belongs to a visitor who left: he may be dialling
MOST_WRITES = 8
# Closed leases. With 19 a head stays below a kilobyte when its times have nine digits, which they have from 2027 on.
# Renewals and releases empty the ring earlier: nobody waits for them.
RING_FULL_TAKE, RING_FULL_RENEW = 19, 15


class Lent(NamedTuple):
    """A lease that stands. Times in seconds since 2024."""

    group: int
    slot: int
    visitor: bytes
    leased: int
    until: int


def lend(view: PoolView, visitor: bytes, now: float, rng: random.Random) -> Conversation[Lent | None]:
    """A number for a visitor: the one he has or had, while nobody else got it, else a rested one; None if none."""
    seat = view.seat_of(visitor)
    if seat is not None:
        lent = yield from renew(view, Choice(*seat), visitor, now)
        if lent is not None:
            return lent
    if view.exhausted(now):
        return None
    search = Search(view, now, rng)
    for _ in range(MOST_WRITES):
        choice = yield from search.next()
        if choice is None:
            view.note_exhausted(now, all_read=search.all_read)
            return None
        lent = yield from _take(search, choice, visitor)
        if lent is not None:
            return lent
    return None


def renew(view: PoolView, seat: Choice, visitor: bytes, now: float) -> Conversation[Lent | None]:
    """Extend the visitor's lease by the pool's hold. None: the number is somebody else's by now."""
    written: Written = yield Renew(*seat, visitor, end_of(now, view.policy.hold))
    if written.image is None:
        view.forget(seat.group)
        return None
    view.record(seat.group, written.image, now)
    if written.done and len(written.image.ring) >= RING_FULL_RENEW:
        yield from spill(seat.group, written.image)
    return _standing(seat, visitor, written.image)


def release(
    seat: Choice, visitor: bytes, now: float, latest: int, view: PoolView | None = None
) -> Conversation[Written]:
    """Give back the lease that ends no later than `latest`: it stays the visitor's for the grace, then it is free.

    A repetition changes nothing, nor does a release that was delayed until after a renewal.
    """
    written: Written = yield Release(*seat, visitor, end_of(now, RELEASE_GRACE), latest)
    if view is not None and not view.unseen and written.image is not None:
        view.record(seat.group, written.image, now)  # a look at twelve numbers for nothing
    if written.done and written.image is not None and len(written.image.ring) >= RING_FULL_RENEW:
        yield from spill(seat.group, written.image)
    return written


def spill(group: int, image: Group) -> Conversation[None]:
    """Move the ring into a chunk of history. A crash between the two steps leaves a second copy and loses nothing."""
    copied: Written = yield Copy(group, image, chunk_key(image))
    if copied.done:
        yield Trim(group, image)


def chunk_key(image: Group) -> int:
    """Sorts chunks by their last push, milliseconds since 2024; the count of trims tells those of one second apart."""
    return image.last_push() * 1000 + image.trims % 1000


def _take(search: Search, choice: Choice, visitor: bytes) -> Conversation[Lent | None]:
    """One conditional write. None: it met a conflict, and the view knows more than before."""
    view, now = search.view, search.now
    age = view.age(choice.group, now)
    leased, until = math.floor(now), end_of(now, view.policy.hold)
    written: Written = yield Take(*choice, visitor, leased, until, free_before(now, view.policy.guard))
    search.asked.add(choice.group)
    if written.image is None:
        view.forget(choice.group)
        return None
    view.record(choice.group, written.image, now)
    taken = written.image.slots[choice.slot]
    # An SDK repeats a write whose answer was lost: the second one fails, upon an image that shows the first.
    if written.done or (taken.visitor == visitor and taken.leased == leased):
        view.believe_more(age)
        if len(written.image.ring) >= RING_FULL_TAKE:
            yield from spill(choice.group, written.image)
        return _standing(choice, visitor, written.image)
    return (yield from _conflict(search, choice, visitor, written.image, age))


def _conflict(search: Search, choice: Choice, visitor: bytes, image: Group, age: float) -> Conversation[Lent | None]:
    """Either the visitor already sits in this group (a second tab, a retry), or somebody was faster."""
    mine = image.slot_of(visitor)
    if mine is None:
        search.view.believe_less()
        return None
    seat = Choice(choice.group, mine)
    lent = (yield from renew(search.view, seat, visitor, search.now)) if search.view.lendable(*seat) else None
    if lent is None and (now_there := search.view.image(choice.group)) and now_there.slot_of(visitor) is not None:
        search.refused.add(choice.group)
    return lent


def _standing(seat: Choice, visitor: bytes, image: Group) -> Lent | None:
    slot = image.slots[seat.slot]
    return Lent(*seat, visitor, slot.leased, slot.until) if slot.visitor == visitor else None
