"""A pool, its containers and their clocks in memory: DynamoDB's semantics for the commands of the rules, and an oracle.

Commands of many conversations interleave one by one, as round trips do; an answer may be lost and the command repeated.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from chalicelib.pool.lending import group_codec, rules
from chalicelib.pool.lending.address_quota import ON_ITS_WAY, AddressQuota, QuotaToken, quota_of
from chalicelib.pool.lending.commands import (
    Command,
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
from chalicelib.pool.lending.find_holder import MOST_IMAGES
from chalicelib.pool.lending.lease_group import GUARD, RETIRED, SLOTS, Closed, Group, Position, Slot, free_before
from chalicelib.pool.lending.lease_history import Holding, holding_of, key_of
from chalicelib.pool.lending.pool_view import Policy, PoolView

START = 90_000_000.0
GroupSlot = tuple[int, int]


def free_group(slots: int = SLOTS) -> Group:
    """A group with so many numbers never lent."""
    return Group((Slot(None, 0, 0),) * slots + (Slot(None, 0, RETIRED),) * (SLOTS - slots), (), 0)


def numbers_of(groups: int, slots: int = SLOTS) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(f"+7495{group:04d}{slot:03d}" for slot in range(slots)) for group in range(groups))


def quota_token_holds(current: Group, slot: int, quota_token: QuotaToken | None) -> bool:
    """Whether no other slot has the token, except those whose leases were over and still are."""
    if quota_token is None:
        return True
    others = [(index, each) for index, each in enumerate(current.slots) if index != slot]
    return all(
        each.until < quota_token.over if index in quota_token.ended else each.tag != quota_token.tag
        for index, each in others
    )


def is_still(current: Group, copied: Copied) -> bool:
    """Whether the closed leases are those that were copied."""
    return (current.last_chunk, len(current.closed)) == (copied.last_chunk, copied.closed)


def applied(current: Group, command: Take | Retake | Renew | Release) -> Group | None:
    """The group after a write, or None if its condition fails: as DynamoDB evaluates groups_table.py."""
    old = current.slots[command.slot]
    copied = None if isinstance(command, Release) else command.copied
    if copied is not None:
        if not is_still(current, copied):
            return None
        current = current._replace(closed=(), last_chunk=copied.key)
    match command:
        case Take():
            free = old.until < command.free_before and current.slot_of(command.visitor) is None
            return (
                _begun(current, command, old)
                if free and quota_token_holds(current, command.slot, command.quota_token)
                else None
            )
        case Retake():
            ended = old.visitor == command.visitor and old.until < command.running
            return (
                _begun(current, command, old)
                if ended and quota_token_holds(current, command.slot, command.quota_token)
                else None
            )
        case Renew():
            holds = command.running <= old.until < command.until
        case Release():
            running = command.running <= old.until <= command.latest
            holds = running and (old.until > command.until or old.until == command.latest)
    return (
        _replaced(current, command.slot, old._replace(until=command.until))
        if holds and old.visitor == command.visitor
        else None
    )


def _begun(current: Group, command: Take | Retake, old: Slot) -> Group:
    closed = Closed(command.slot, old.visitor, old.leased, old.until)
    tag = command.quota_token.tag if command.quota_token else None
    lease = Slot(command.visitor, command.leased, command.until, tag=tag)
    return _replaced(current._replace(closed=(*current.closed, closed)), command.slot, lease)


def _replaced(current: Group, index: int, slot: Slot) -> Group:
    return current._replace(slots=(*current.slots[:index], slot, *current.slots[index + 1 :]))


class MemoryTable:
    """What `PoolTable` does, without DynamoDB: every command is atomic, and conditional as there."""

    def __init__(self, groups: int, slots: int = SLOTS) -> None:
        self.groups = {group: free_group(slots) for group in range(groups)}
        self.chunks: dict[tuple[int, int], Group] = {}
        self.commands: list[Command] = []

    def run(self, steps: Steps[Any]) -> Any:
        answer: Any = None
        while True:
            try:
                command = steps.send(answer)
            except StopIteration as ended:
                return ended.value
            answer = self.execute(command)

    def execute(self, command: Command) -> Any:
        self.commands.append(command)
        match command:
            case Read():
                return {group: self.groups[group] for group in command.groups if group in self.groups}
            case Take() | Retake() | Renew() | Release():
                changed = applied(self.groups[command.group], command)
                if changed is not None:
                    self.groups[command.group] = changed
                return Written(changed is not None, self.groups[command.group])
            case Copy():
                stored = self.chunks.get((command.group, command.key))
                if stored is None or len(stored.closed) < len(command.state.closed):
                    self.chunks[command.group, command.key] = command.state
                return Written(True, command.state)
            case Trim():
                current = self.groups[command.group]
                if not is_still(current, Copied(command.state.last_chunk, len(command.state.closed), command.key)):
                    return Written(False, current)
                self.groups[command.group] = current._replace(closed=(), last_chunk=command.key)
                return Written(True, self.groups[command.group])

    def retire(self, position: GroupSlot, now: float, *, at_once: bool, number: str = "+74950000000") -> bool:
        """What `slots.retire` does."""
        group, index = position
        old, limit = self.groups[group].slots[index], RETIRED if at_once else free_before(now, GUARD)
        if old.until >= limit:
            return False
        closed = Closed(index, old.visitor, old.leased, old.until)
        current = self.groups[group]._replace(closed=(*self.groups[group].closed, closed))
        self.groups[group] = _replaced(current, index, Slot(None, old.until, RETIRED, number))
        return True

    def activate(self, position: GroupSlot) -> None:
        """What `slots.activate` does."""
        group, index = position
        end = self.groups[group].slots[index].leased
        self.groups[group] = _replaced(self.groups[group], index, Slot(None, end, end))

    def history(self, group: int, since: int, most: int = MOST_IMAGES) -> tuple[Group, ...]:
        """Newest first, as `PoolTable.history`."""
        states = {key: state for (of, key), state in self.chunks.items() if of == group}
        states[group_codec.CURRENT] = self.groups[group]
        return tuple(states[key] for key in sorted(states, reverse=True) if key >= since)[:most]

    def holder(self, position: GroupSlot, at: float, grace: float = 1800) -> Holding:
        states = self.history(position[0], key_of(at - grace))
        return holding_of(position[1], states, at, grace, most=MOST_IMAGES)


@dataclass(slots=True)
class Container:
    """One Lambda container: its own memory, its own clock."""

    view: PoolView
    skew: float


@dataclass(slots=True)
class Talk:
    """A conversation under way: the command it waits for."""

    steps: Steps[Any]
    visitor: bytes
    begun: float
    waiting: Command
    first: Command | None = None  # that it sent


@dataclass(slots=True)
class Grant:
    """A lease that was written, as the oracle saw it; `until` when it was displaced or last changed."""

    position: GroupSlot
    visitor: bytes
    leased: int
    first_until: int
    until: int


@dataclass
class World:
    """Containers that lend, a true clock, and an oracle that knows every promise made to a visitor's page."""

    groups: int
    slots: int
    skews: tuple[float, ...]
    guard: int
    hold: float = 60.0
    seed: int = 0
    addresses: int = 0  # that all visitors come from, by their first byte; 0: no address is limited
    now: float = START
    doubles: int = 0
    talks: list[Talk] = field(default_factory=list)
    held: dict[tuple[GroupSlot, bytes], float] = field(
        default_factory=dict
    )  # until when, in true time, a page shows a number, or its visitor was promised to be reached by it
    ends: dict[tuple[GroupSlot, bytes], int] = field(default_factory=dict)  # of the leases as pages know them
    grants: list[Grant] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.table = MemoryTable(self.groups, self.slots)
        policy = Policy(self.hold, cooldown=30, guard=self.guard)
        numbers = numbers_of(self.groups, self.slots)
        self.containers = [Container(PoolView(numbers, policy, self.rng), skew) for skew in self.skews]

    def ask(self, container: int, visitor: bytes) -> None:
        """A page without a lease asks for a number."""
        here = self.containers[container]
        lend = rules.lend(here.view, visitor, self.now + here.skew, self.rng, self.quota(visitor))
        self._begin(lend, visitor)

    def renew(self, container: int, position: GroupSlot, visitor: bytes) -> None:
        here = self.containers[container]
        now, lapsed = self.now + here.skew, self.held[position, visitor] < self.now
        renew = rules.renew(here.view, Position(*position), visitor, now, self.quota(visitor), lapsed=lapsed)
        self._begin(renew, visitor)

    def release(self, container: int, position: GroupSlot, visitor: bytes) -> None:
        """The visitor leaves: their page is gone, even if the message is lost."""
        self.held.pop((position, visitor), None)
        now = self.now + self.containers[container].skew
        self._begin(rules.release(Position(*position), visitor, now, self.ends[position, visitor]), visitor)

    def address(self, visitor: bytes) -> str | None:
        return f"address {visitor[0] % self.addresses}" if self.addresses else None

    def quota(self, visitor: bytes) -> AddressQuota | None:
        return quota_of(self.address(visitor), "p1", self.groups * self.slots, self.groups, 10, b"key")

    def held_by_address(self) -> Counter[str | None]:
        """How many numbers each address holds at this moment, seen by a client or not."""
        slots = (slot for current in self.table.groups.values() for slot in current.slots)
        return Counter(self.address(slot.visitor) for slot in slots if slot.visitor and slot.until >= self.now)

    def step(self, place: int, *, fate: str = "answered") -> None:
        """Carry out one command. Fate: answered, repeated (its first answer was lost), crashed (the container died).

        A container whose request has lived for longer than its function may has died as well: what it had still to
        write is never written. Written minutes late, a lease would be in history before states that do not show it.
        """
        talk = self.talks.pop(place % len(self.talks))
        if self.now - talk.begun > ON_ITS_WAY:
            return
        answer = self._execute(talk)
        if fate == "repeated":
            answer = self._execute(talk)
        if fate != "crashed":
            self._send(talk, answer)

    def finish(self) -> None:
        while self.talks:
            self.step(0)

    def _begin(self, steps: Steps[Any], visitor: bytes) -> None:
        talk = Talk(steps, visitor, self.now, Read(()))
        self._send(talk, None)

    def _send(self, talk: Talk, answer: Any) -> None:
        try:
            talk.waiting = talk.steps.send(answer)
            talk.first = talk.first or talk.waiting
        except StopIteration as ended:
            if isinstance(ended.value, rules.Lent):
                lent = ended.value
                self.ends[(lent.group, lent.slot), talk.visitor] = lent.until
                self._promise(talk, (lent.group, lent.slot), self.hold)
            elif isinstance(ended.value, Written) and ended.value.done and isinstance(talk.first, Release):
                self._promise(talk, (talk.first.group, talk.first.slot), rules.RELEASE_GRACE)
        else:
            self.talks.append(talk)

    def _execute(self, talk: Talk) -> Any:
        command = talk.waiting
        answer = self.table.execute(command)
        if isinstance(command, Take | Retake | Renew | Release) and answer.done:
            self._watch(command, answer.state)
        return answer

    def _watch(self, command: Take | Retake | Renew | Release, state: Group) -> None:
        position = (command.group, command.slot)
        if isinstance(command, Take | Retake):
            others = [end for (of, visitor), end in self.held.items() if of == position and visitor != command.visitor]
            self.doubles += sum(1 for end in others if end > self.now)
            self.grants.append(Grant(position, command.visitor, command.leased, command.until, command.until))
            return
        slot = state.slots[command.slot]
        for grant in reversed(self.grants):
            if (grant.position, grant.visitor, grant.leased) == (position, command.visitor, slot.leased):
                grant.until = command.until
                return

    def _promise(self, talk: Talk, position: GroupSlot, seconds: float) -> None:
        end = talk.begun + seconds
        if self.table.groups[position[0]].slots[position[1]].visitor not in (None, talk.visitor) and end > self.now:
            self.doubles += 1
        self.held[position, talk.visitor] = max(end, self.held.get((position, talk.visitor), end))
