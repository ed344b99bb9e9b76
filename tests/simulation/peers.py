"""How others lend numbers, each as well as it can be done: the same clocks, the same guard, the same limits."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

from chalicelib.pool.lending.lease_history import Lease
from chalicelib.pool.lending.pool_view import Policy
from chalicelib.pool.lending.rules import RELEASE_GRACE
from tests.simulation.design import Held
from tests.simulation.engine import Talk
from tests.simulation.number_items import (
    Claim,
    ClaimAgain,
    ClaimOldest,
    MoveEnd,
    NextOfRing,
    NumberStore,
    QueryOldest,
    ReadAll,
    ReadPool,
    WritePool,
    whole_seconds,
)
from tests.simulation.truth import Truth

TRIES = 10
HEAD_OF_INDEX = 10
CACHE_SECONDS = 1.0  # before a list that was empty is read again


class Peer:
    """An item per number, renewed and released by one update each; its history is one more write per lease.

    Who comes back claims the number they had before by one update, whose condition checks that it is still theirs.
    """

    name = ""
    history_writes = 1.0
    indexed = False

    def __init__(self, truth: Truth, policy: Policy, rng: random.Random) -> None:
        self.truth, self.policy, self.rng = truth, policy, rng
        self.store = NumberStore(truth, rng, index=self.indexed)

    def memory(self) -> Any:
        return None

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        raise NotImplementedError

    def come_back(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        if held.until >= now:
            found = yield from self.renew(memory, visitor, held, now)
        else:
            again = self.claim_again(held.number, visitor, now)
            found = Held(again.number, again.leased, again.until) if (yield again) else None
        return found or (yield from self.lend(memory, visitor, now))

    def renew(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        until = math.ceil(now + self.policy.hold)
        renewed = yield MoveEnd(held.number, visitor, until)
        return held._replace(until=until) if renewed else None

    def release(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        yield MoveEnd(held.number, visitor, math.ceil(now + RELEASE_GRACE))

    def leases(self, number: int, at: float) -> list[Lease]:
        return list(self.truth.past[number])

    def claim(self, number: int, visitor: bytes, now: float, seen: int | None = None) -> Claim:
        leased, until, free_before = whole_seconds(now, self.policy.hold, self.policy.guard)
        return Claim(number, visitor, leased, until, free_before, seen)

    def claim_again(self, number: int, visitor: bytes, now: float) -> ClaimAgain:
        leased, until, _ = whole_seconds(now, self.policy.hold, self.policy.guard)
        return ClaimAgain(number, visitor, leased, until)


class Oracle(Peer):
    """The limit: somebody who knows everything names the number that has rested longest."""

    name = "the limit: an oracle"

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        leased, until, free_before = whole_seconds(now, self.policy.hold, self.policy.guard)
        number = yield ClaimOldest(visitor, leased, until, free_before)
        return None if number is None else Held(number, leased, until)

    def come_back(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        is_theirs = self.store.visitor(held.number) == visitor
        return (
            yield from super().come_back(memory, visitor, held, now) if is_theirs else self.lend(None, visitor, now)
        )


class RandomFree(Peer):
    """Read all numbers, take a random free one."""

    name = "random free number"

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        for _ in range(TRIES):
            ends = yield ReadAll()
            _, _, limit = whole_seconds(now, self.policy.hold, self.policy.guard)
            free = [number for number, end in enumerate(ends) if end < limit]
            if not free:
                return None
            claim = self.claim(self.rng.choice(free), visitor, now)
            done, _ = yield claim
            if done:
                return Held(claim.number, claim.leased, claim.until)
        return None


class IndexQuery(Peer):
    """Query an index by end of lease, update a random one of its first ten. Every write moves it in the index."""

    name = "index query, then update"
    indexed = True
    steals = False

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        for _ in range(TRIES):
            oldest = yield QueryOldest(HEAD_OF_INDEX)
            _, _, limit = whole_seconds(now, self.policy.hold, self.policy.guard)
            free = [entry for entry in oldest if entry[0] < limit]
            if not free and not (self.steals and oldest):
                return None
            end, number = self.rng.choice(free) if free else oldest[0]
            claim = self.claim(number, visitor, now, seen=None if free else end)
            done, _ = yield claim
            if done:
                return Held(number, claim.leased, claim.until)
        return None


class StealOldest(IndexQuery):
    """The same, but with none free it takes the number whose lease would end first, from under its visitor."""

    name = "steal the oldest"
    steals = True


class RingCursor(Peer):
    """A shared counter names the next number; if that is in use, the counter is moved again."""

    name = "ring cursor"

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        for _ in range(TRIES):
            number = yield NextOfRing()
            claim = self.claim(number, visitor, now)
            done, _ = yield claim
            if done:
                return Held(number, claim.leased, claim.until)
        return None


class PoolLock(Peer):
    """The whole pool in one item: read it, write it back if nobody else has. Renewals and releases too."""

    name = "whole-pool lock"

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        for _ in range(TRIES):
            version, ends, _ = yield ReadPool()
            claim = self.claim(min(range(len(ends)), key=ends.__getitem__), visitor, now)
            if not ends[claim.number] < claim.free_before:
                return None
            if (yield WritePool(version, claim)):
                return Held(claim.number, claim.leased, claim.until)
        return None

    def come_back(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        again = self.claim_again(held.number, visitor, now)
        change = again if held.until < now else MoveEnd(held.number, visitor, again.until)
        if (yield from self._change(change)):
            return Held(held.number, again.leased if change is again else held.leased, again.until)
        return (yield from self.lend(memory, visitor, now))

    def renew(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        until = math.ceil(now + self.policy.hold)
        return held._replace(until=until) if (yield from self._change(MoveEnd(held.number, visitor, until))) else None

    def release(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        yield from self._change(MoveEnd(held.number, visitor, math.ceil(now + RELEASE_GRACE)))

    def _change(self, change: ClaimAgain | MoveEnd) -> Talk:
        for _ in range(TRIES):
            version, _, visitors = yield ReadPool()
            if visitors[change.number] != change.visitor:
                return False
            if (yield WritePool(version, change)):
                return True
        return False


@dataclass(slots=True)
class Free:
    """The numbers a container believes free, and when it may read the list again."""

    numbers: list[int] = field(default_factory=list)
    read_again: float = 0.0


class CachedList(Peer):
    """Each container keeps a list of free numbers and takes a random one; after a conflict it reads the list again."""

    name = "cached list"

    def memory(self) -> Free:
        return Free()

    def lend(self, memory: Free, visitor: bytes, now: float) -> Talk:
        for _ in range(TRIES):
            if not memory.numbers and now >= memory.read_again:
                yield from self._read(memory, now)
            if not memory.numbers:
                return None
            claim = self.claim(memory.numbers.pop(), visitor, now)
            done, _ = yield claim
            if done:
                return Held(claim.number, claim.leased, claim.until)
            memory.numbers.clear()
        return None

    def _read(self, memory: Free, now: float) -> Talk:
        ends = yield ReadAll()
        _, _, limit = whole_seconds(now, self.policy.hold, self.policy.guard)
        memory.numbers = [number for number, end in enumerate(ends) if end < limit]
        self.rng.shuffle(memory.numbers)
        if not memory.numbers:
            memory.read_again = now + CACHE_SECONDS
