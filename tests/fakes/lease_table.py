"""A pool, its containers and their clocks in memory: DynamoDB's semantics for the commands of the rules, and an oracle.

Commands of many conversations interleave one by one, as round trips do; an answer may be lost and the command repeated.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from chalicelib.pool.lending import group_codec, rules
from chalicelib.pool.lending.address_quota import ON_ITS_WAY, Allowance, Ticket, allowance_of
from chalicelib.pool.lending.commands import (
    Command,
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
from chalicelib.pool.lending.find_holder import MOST_IMAGES
from chalicelib.pool.lending.lease_group import GUARD, RETIRED, SLOTS, Closed, Group, Slot, free_before
from chalicelib.pool.lending.lease_history import Holding, holding_of, key_of
from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.lending.slot_search import Choice

START = 90_000_000.0
Seat = tuple[int, int]


def free_group(slots: int = SLOTS) -> Group:
    """A head with so many numbers never lent."""
    return Group((Slot(None, 0, 0),) * slots + (Slot(None, 0, RETIRED),) * (SLOTS - slots), (), 0)


def numbers_of(groups: int, slots: int = SLOTS) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(f"+7495{group:04d}{slot:03d}" for slot in range(slots)) for group in range(groups))


def ticket_holds(head: Group, slot: int, ticket: Ticket | None) -> bool:
    """Whether no other slot has the ticket, but for those whose leases were over and are so still."""
    if ticket is None:
        return True
    others = [(index, each) for index, each in enumerate(head.slots) if index != slot]
    return all(each.until < ticket.over if index in ticket.ended else each.tag != ticket.tag for index, each in others)


def is_still(head: Group, copied: Copied) -> bool:
    """Whether the head's ring is the one that was copied."""
    return (head.last_chunk, len(head.ring)) == (copied.last_chunk, copied.closed)


def applied(head: Group, command: Take | Retake | Renew | Release) -> Group | None:
    """The group after a write, or None where its condition fails: what DynamoDB does of table.py's expressions."""
    old = head.slots[command.slot]
    copied = None if isinstance(command, Release) else command.copied
    if copied is not None:
        if not is_still(head, copied):
            return None
        head = head._replace(ring=(), last_chunk=copied.key)
    match command:
        case Take():
            free = old.until < command.free_before and head.slot_of(command.visitor) is None
            return _begun(head, command, old) if free and ticket_holds(head, command.slot, command.ticket) else None
        case Retake():
            ended = old.visitor == command.visitor and old.until < command.running
            return _begun(head, command, old) if ended and ticket_holds(head, command.slot, command.ticket) else None
        case Renew():
            holds = command.running <= old.until < command.until
        case Release():
            running = command.running <= old.until <= command.latest
            holds = running and (old.until > command.until or old.until == command.latest)
    return (
        _replaced(head, command.slot, old._replace(until=command.until))
        if holds and old.visitor == command.visitor
        else None
    )


def _begun(head: Group, command: Take | Retake, old: Slot) -> Group:
    closed = Closed(command.slot, old.visitor, old.leased, old.until)
    tag = command.ticket.tag if command.ticket else None
    lease = Slot(command.visitor, command.leased, command.until, tag=tag)
    return _replaced(head._replace(ring=(*head.ring, closed)), command.slot, lease)


def _replaced(head: Group, index: int, slot: Slot) -> Group:
    return head._replace(slots=(*head.slots[:index], slot, *head.slots[index + 1 :]))


class MemoryTable:
    """What `PoolTable` does, without DynamoDB: every command is atomic, and conditional as there."""

    def __init__(self, groups: int, slots: int = SLOTS) -> None:
        self.heads = {group: free_group(slots) for group in range(groups)}
        self.chunks: dict[tuple[int, int], Group] = {}
        self.commands: list[Command] = []

    def hold(self, conversation: Conversation[Any]) -> Any:
        answer: Any = None
        while True:
            try:
                command = conversation.send(answer)
            except StopIteration as ended:
                return ended.value
            answer = self.execute(command)

    def execute(self, command: Command) -> Any:
        self.commands.append(command)
        match command:
            case Read():
                return {group: self.heads[group] for group in command.groups if group in self.heads}
            case Take() | Retake() | Renew() | Release():
                changed = applied(self.heads[command.group], command)
                if changed is not None:
                    self.heads[command.group] = changed
                return Written(changed is not None, self.heads[command.group])
            case Copy():
                stored = self.chunks.get((command.group, command.key))
                if stored is None or len(stored.ring) < len(command.image.ring):
                    self.chunks[command.group, command.key] = command.image
                return Written(True, command.image)
            case Trim():
                head = self.heads[command.group]
                if not is_still(head, Copied(command.image.last_chunk, len(command.image.ring), command.key)):
                    return Written(False, head)
                self.heads[command.group] = head._replace(ring=(), last_chunk=command.key)
                return Written(True, self.heads[command.group])

    def retire(self, seat: Seat, now: float, *, at_once: bool, number: str = "+74950000000") -> bool:
        """What `heads.retire` does."""
        group, index = seat
        old, limit = self.heads[group].slots[index], RETIRED if at_once else free_before(now, GUARD)
        if old.until >= limit:
            return False
        closed = Closed(index, old.visitor, old.leased, old.until)
        head = self.heads[group]._replace(ring=(*self.heads[group].ring, closed))
        self.heads[group] = _replaced(head, index, Slot(None, old.until, RETIRED, number))
        return True

    def activate(self, seat: Seat) -> None:
        """What `heads.activate` does."""
        group, index = seat
        end = self.heads[group].slots[index].leased
        self.heads[group] = _replaced(self.heads[group], index, Slot(None, end, end))

    def history(self, group: int, since: int, most: int = MOST_IMAGES) -> tuple[Group, ...]:
        """Newest first, as `PoolTable.history`."""
        images = {key: image for (of, key), image in self.chunks.items() if of == group}
        images[group_codec.HEAD] = self.heads[group]
        return tuple(images[key] for key in sorted(images, reverse=True) if key >= since)[:most]

    def holder(self, seat: Seat, at: float, grace: float = 1800) -> Holding:
        images = self.history(seat[0], key_of(at - grace))
        return holding_of(seat[1], images, at, grace, most=MOST_IMAGES)


@dataclass(slots=True)
class Container:
    """One Lambda container: its own memory, its own clock."""

    view: PoolView
    skew: float


@dataclass(slots=True)
class Talk:
    """A conversation under way: the command it waits for."""

    conversation: Conversation[Any]
    visitor: bytes
    begun: float
    waiting: Command
    first: Command | None = None  # that it sent


@dataclass(slots=True)
class Grant:
    """A lease that was written, as the oracle saw it; `until` when it was displaced or last changed."""

    seat: Seat
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
    held: dict[tuple[Seat, bytes], float] = field(
        default_factory=dict
    )  # until when, in true time, a page shows a number, or its visitor was promised to be reached by it
    ends: dict[tuple[Seat, bytes], int] = field(default_factory=dict)  # of the leases as pages know them
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
        lend = rules.lend(here.view, visitor, self.now + here.skew, self.rng, self.allowance(visitor))
        self._begin(lend, visitor)

    def renew(self, container: int, seat: Seat, visitor: bytes) -> None:
        here = self.containers[container]
        now, lapsed = self.now + here.skew, self.held[seat, visitor] < self.now
        renew = rules.renew(here.view, Choice(*seat), visitor, now, self.allowance(visitor), lapsed=lapsed)
        self._begin(renew, visitor)

    def release(self, container: int, seat: Seat, visitor: bytes) -> None:
        """The visitor leaves: their page is gone, whatever becomes of the message."""
        self.held.pop((seat, visitor), None)
        now = self.now + self.containers[container].skew
        self._begin(rules.release(Choice(*seat), visitor, now, self.ends[seat, visitor]), visitor)

    def address(self, visitor: bytes) -> str | None:
        return f"address {visitor[0] % self.addresses}" if self.addresses else None

    def allowance(self, visitor: bytes) -> Allowance | None:
        return allowance_of(self.address(visitor), "p1", self.groups * self.slots, self.groups, 10, b"key")

    def held_by_address(self) -> Counter[str | None]:
        """How many numbers each address holds at this moment, whatever anybody has seen of it."""
        slots = (slot for head in self.table.heads.values() for slot in head.slots)
        return Counter(self.address(slot.visitor) for slot in slots if slot.visitor and slot.until >= self.now)

    def step(self, place: int, *, fate: str = "answered") -> None:
        """Carry out one command. Fate: answered, repeated (its first answer was lost), crashed (the container died).

        A container whose request has lived for longer than its function may has died as well: what it had still to
        write is never written. Written minutes late, a lease would stand in history before images that do not show it.
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

    def _begin(self, conversation: Conversation[Any], visitor: bytes) -> None:
        talk = Talk(conversation, visitor, self.now, Read(()))
        self._send(talk, None)

    def _send(self, talk: Talk, answer: Any) -> None:
        try:
            talk.waiting = talk.conversation.send(answer)
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
            self._watch(command, answer.image)
        return answer

    def _watch(self, command: Take | Retake | Renew | Release, image: Group) -> None:
        seat = (command.group, command.slot)
        if isinstance(command, Take | Retake):
            others = [end for (of, visitor), end in self.held.items() if of == seat and visitor != command.visitor]
            self.doubles += sum(1 for end in others if end > self.now)
            self.grants.append(Grant(seat, command.visitor, command.leased, command.until, command.until))
            return
        slot = image.slots[command.slot]
        for grant in reversed(self.grants):
            if (grant.seat, grant.visitor, grant.leased) == (seat, command.visitor, slot.leased):
                grant.until = command.until
                return

    def _promise(self, talk: Talk, seat: Seat, seconds: float) -> None:
        end = talk.begun + seconds
        if self.table.heads[seat[0]].slots[seat[1]].visitor not in (None, talk.visitor) and end > self.now:
            self.doubles += 1
        self.held[seat, talk.visitor] = max(end, self.held.get((seat, talk.visitor), end))
