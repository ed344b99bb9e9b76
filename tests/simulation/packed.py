"""Ours: the production rules upon packed groups, and DynamoDB's part in them."""

from __future__ import annotations

import bisect
import random
from collections import deque
from collections.abc import Iterable
from typing import Any

from chalicelib.pool.lending import group_codec, lease_history, rules
from chalicelib.pool.lending.address_quota import TAG_BYTES, AddressQuota, quota_of
from chalicelib.pool.lending.commands import Command, Copy, Read, Release, Renew, Retake, Take, Trim, Written
from chalicelib.pool.lending.lease_group import RETIRED, SLOTS, Closed, Group, Position, Slot
from chalicelib.pool.lending.lease_history import Lease
from chalicelib.pool.lending.pool_view import Policy, PoolView
from tests.fakes.lease_table import applied, is_still
from tests.simulation.design import Held
from tests.simulation.engine import Charge, Talk
from tests.simulation.truth import Truth
from tests.simulation.units import item_size, read_units, write_units

POOL_ID = "paaaaaaaaaaaaaaaa"  # as long as the registry makes them
VERSIONS = 8  # of a group, for reads that lag
DEFAULT_PERCENT = 10  # as the registry sets it
SIGNING_KEY = b"simulated"
STALE_SHARE, STALE_SECONDS = 1 / 3, 0.02  # one replica of three lags; mean lag
GRACE = 1800  # seconds after a lease in which a call may still be its visitor's
CHUNKS_KEPT = 40  # per group, so that a million leases fit into memory
EXPIRY_BYTES = 7  # the attribute x of a chunk


class PackedStore:
    """The pool's table: groups, chunks and their conditions, as groups_table.py has DynamoDB judge them."""

    def __init__(self, truth: Truth, rng: random.Random) -> None:
        groups = -(-truth.numbers // SLOTS)
        self._truth, self._rng = truth, rng
        self._keys = [f"{POOL_ID}#{group}" for group in range(groups)]
        self._versions = [_new_versions(min(truth.numbers - group * SLOTS, SLOTS)) for group in range(groups)]
        self._chunks: list[list[tuple[int, Group]]] = [[] for _ in range(groups)]
        self._sizes = [_group_size(groups, closed) for closed in range(64)]

    def charges(self, command: Command) -> list[Charge]:
        if isinstance(command, Read):
            return [Charge(self._keys[group], reads=read_units(1)) for group in command.groups]
        current, key = self.current(command.group), self._keys[command.group]
        if isinstance(command, Copy):
            return [Charge(key, write_units(self._sizes[len(command.state.closed)] + EXPIRY_BYTES), history=True)]
        copied = command.copied if isinstance(command, Take | Retake | Renew) else None
        grows = isinstance(command, Take | Retake) and copied is None  # of two sizes the larger is charged
        moved = copied is not None and not is_still(current, copied)  # refused for the sake of history alone
        size = self._sizes[len(current.closed) + grows]
        return [Charge(key, write_units(size), history=moved or isinstance(command, Trim))]

    def apply(self, command: Command, at: float, clock_error: float) -> Any:
        match command:
            case Read():
                return {group: self._seen(group, at) for group in command.groups}
            case Take() | Retake():
                return self._begin(command, at, clock_error)
            case Renew() | Release():
                return self._move_end(command, at, clock_error)
            case Copy():
                return self._copy(command)
            case Trim():
                current = self.current(command.group)
                unmoved = current.last_chunk == command.state.last_chunk and len(current.closed) == len(
                    command.state.closed
                )
                return self._write(
                    command.group, current._replace(closed=(), last_chunk=command.key) if unmoved else None, at
                )

    def current(self, group: int) -> Group:
        """The present."""
        return self._versions[group][-1][1]

    def leases(self, number: int, at: float) -> list[Lease]:
        """What `holder_at` derives the holder from: the first states since the moment, read consistently."""
        group, slot = divmod(number, SLOTS)
        return lease_history.leases_of(slot, self.history(group, at - GRACE))

    def history(self, group: int, since: float) -> list[Group]:
        """The states of a group that hold every lease which ended since then, newest first."""
        chunks = self._chunks[group]
        start = bisect.bisect_left(chunks, lease_history.key_of(since), key=lambda chunk: chunk[0])
        return [self.current(group), *(state for _, state in reversed(chunks[start:]))]

    def rest(self, ends: Iterable[int]) -> None:
        """Begin with numbers that were lent before, until these moments."""
        for number, until in enumerate(ends):
            group, slot = divmod(number, SLOTS)
            visitor = number.to_bytes(12, "big")
            slots = _replaced(self.current(group).slots, slot, Slot(visitor, until - 300, until))
            self._versions[group].append((0.0, self.current(group)._replace(slots=slots)))
            self._truth.lend(number, Lease(visitor, until - 300, until), until - 300.0, 0.0)

    def _seen(self, group: int, at: float) -> Group:
        """A group as an eventually consistent read shows it."""
        versions = self._versions[group]
        if self._rng.random() >= STALE_SHARE:
            return versions[-1][1]
        moment = at - self._rng.expovariate(1 / STALE_SECONDS)
        return next((state for since, state in reversed(versions) if since <= moment), versions[0][1])

    def _begin(self, command: Take | Retake, at: float, clock_error: float) -> Written:
        current = self.current(command.group)
        changed = applied(current, command)
        if changed is not None:
            lease = Lease(command.visitor, command.leased, command.until)
            self._truth.lend(command.group * SLOTS + command.slot, lease, at, clock_error)
        elif isinstance(command, Take) and current.slots[command.slot].visitor != command.visitor:
            self._truth.refused += 1
        return self._write(command.group, changed, at)

    def _move_end(self, command: Renew | Release, at: float, clock_error: float) -> Written:
        current = self.current(command.group)
        changed = applied(current, command)
        if changed is not None:
            later = command.until > current.slots[command.slot].until
            move_end = self._truth.extend if later else self._truth.shorten
            move_end(command.group * SLOTS + command.slot, command.until, clock_error)
        return self._write(command.group, changed, at)

    def _copy(self, copy: Copy) -> Written:
        chunks = self._chunks[copy.group]
        place = bisect.bisect_left(chunks, copy.key, key=lambda chunk: chunk[0])
        if place < len(chunks) and chunks[place][0] == copy.key:
            if len(chunks[place][1].closed) < len(copy.state.closed):
                chunks[place] = (copy.key, copy.state)
        else:
            chunks.insert(place, (copy.key, copy.state))
            del chunks[:-CHUNKS_KEPT]
        return Written(True, copy.state)

    def _write(self, group: int, state: Group | None, at: float) -> Written:
        """The answer to a write that makes this state; None: its condition failed."""
        if state is None:
            return Written(False, self.current(group))
        self._versions[group].append((at, state))
        return Written(True, state)


class PackedGroups:
    """The production rules, with their view in each container. Every visitor comes from an address of their own."""

    name = "**packed groups (ours)**"
    history_writes = 0.0  # its history is part of the conversations
    address_percent = DEFAULT_PERCENT

    def __init__(self, truth: Truth, policy: Policy, rng: random.Random) -> None:
        self._policy, self._rng = policy, rng
        self.store = PackedStore(truth, rng)
        self._views: list[PoolView] = []
        positions = [str(number) for number in range(truth.numbers)]
        self._numbers = [tuple(positions[start : start + SLOTS]) for start in range(0, truth.numbers, SLOTS)]

    def memory(self) -> PoolView:
        view = PoolView(self._numbers, self._policy, self._rng)
        self._views.append(view)
        return view

    def configure(self, policy: Policy) -> None:
        """Lend by another policy from now on."""
        for view in self._views:
            view.configure(self._numbers, policy)

    def lend(self, memory: PoolView, visitor: bytes, now: float, address: str | None = None) -> Talk:
        quota = self.quota(memory, visitor, address)
        return _held((yield from rules.lend(memory, visitor, now, self._rng, quota)))

    def come_back(self, memory: PoolView, visitor: bytes, held: Held, now: float) -> Talk:
        quota, lapsed = self.quota(memory, visitor, None), held.until < now
        position, leased = _position(held.number), held.leased
        lent = yield from rules.renew(memory, position, visitor, now, quota, lapsed=lapsed, leased=leased)
        return _held(lent or (yield from rules.lend(memory, visitor, now, self._rng, quota)))

    def renew(self, memory: PoolView, visitor: bytes, held: Held, now: float, address: str | None = None) -> Talk:
        quota = self.quota(memory, visitor, address)
        return _held((yield from rules.renew(memory, _position(held.number), visitor, now, quota)))

    def quota(self, memory: PoolView, visitor: bytes, address: str | None) -> AddressQuota | None:
        """What the visitor's address may hold. `address` is written as `address_key` does; None: their own."""
        own = address or visitor.hex()
        return quota_of(own, POOL_ID, memory.count, memory.size, self.address_percent, SIGNING_KEY)

    def release(self, memory: PoolView, visitor: bytes, held: Held, now: float) -> Talk:
        yield from rules.release(_position(held.number), visitor, now, held.until, memory)

    def leases(self, number: int, at: float) -> list[Lease]:
        return self.store.leases(number, at)


def _held(lent: rules.Lent | None) -> Held | None:
    return None if lent is None else Held(lent.group * SLOTS + lent.slot, lent.leased, lent.until)


def _position(number: int) -> Position:
    return Position(*divmod(number, SLOTS))


def _new_versions(numbers: int) -> deque[tuple[float, Group]]:
    """A group's last versions, each with the moment since which it is current; at first one that was never lent."""
    lent, absent = Slot(None, 0, 0), Slot(None, 0, RETIRED)
    return deque([(0.0, Group((lent,) * numbers + (absent,) * (SLOTS - numbers), (), 0))], maxlen=VERSIONS)


def _replaced(slots: tuple[Slot, ...], index: int, slot: Slot) -> tuple[Slot, ...]:
    return (*slots[:index], slot, *slots[index + 1 :])


def _group_size(groups: int, closed: int) -> int:
    """Bytes of a group whose twelve slots are lent, tagged, with so many closed leases, in the pool's last group."""
    visitor, begin, end = bytes(12), 110_123_457, 110_123_757
    slots = tuple(Slot(visitor, begin, end, tag=bytes(TAG_BYTES)) for _ in range(SLOTS))
    leases = tuple(Closed(index % SLOTS, visitor, begin, end) for index in range(closed))
    return item_size(group_codec.write_group(POOL_ID, groups - 1, Group(slots, leases, end * 1000)))
