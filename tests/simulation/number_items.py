"""Storage with one item per number, as the peers use it: conditional updates, an index, a counter, or one item."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable
from typing import Any, NamedTuple

from chalicelib.pool.lending.lease_history import Lease
from tests.simulation.engine import Charge
from tests.simulation.truth import Truth
from tests.simulation.units import read_units, write_units

ITEM_BYTES = 72  # key, visitor, begin and end of one number
ROW_BYTES = 28  # the same within one item for the whole pool
INDEX_LAG = 0.05, 0.5  # median seconds, sigma
MAX_QUERY_BYTES = 1 << 20


class Claim(NamedTuple):
    """Lend a number if its end is before `free_before`, or is the one that was `seen`. Answer: (done, its end now)."""

    number: int
    visitor: bytes
    leased: int
    until: int
    free_before: int
    seen: int | None = None


class ClaimAgain(NamedTuple):
    """Lend a number to who held it last. Answer: whether nobody else got it since."""

    number: int
    visitor: bytes
    leased: int
    until: int


class ClaimOldest(NamedTuple):
    """What no storage can do: lend the number that has rested longest. Answer: it, or None."""

    visitor: bytes
    leased: int
    until: int
    free_before: int


class MoveEnd(NamedTuple):
    """Renew or release. Answer: whether the number was still the visitor's."""

    number: int
    visitor: bytes
    until: int


class ReadAll(NamedTuple):
    """The ends of all numbers."""


class QueryOldest(NamedTuple):
    """The first of the index, by end. Answer: list of (end, number)."""

    limit: int


class NextOfRing(NamedTuple):
    """Move the pool's shared cursor. Answer: the number it points to."""


class ReadPool(NamedTuple):
    """The whole pool's item, read consistently. Answer: (version, ends, visitors)."""


class WritePool(NamedTuple):
    """Write the pool's item with one change, if nobody has written since. Answer: whether it was done."""

    version: int
    change: Claim | ClaimAgain | MoveEnd


class NumberStore:
    """Numbers, a lagging index of them by end, a cursor and a version."""

    def __init__(self, truth: Truth, rng: random.Random, *, index: bool = False) -> None:
        self._truth, self._rng, self._indexed = truth, rng, index
        self._ends = [0] * truth.numbers
        self._visitors: list[bytes | None] = [None] * truth.numbers
        self._oldest = [(0, number) for number in range(truth.numbers)]  # heap; entries that lie are dropped when met
        self._index_ends = [0] * truth.numbers
        self._on_the_way: list[tuple[float, int, int]] = []  # heap of (when the index knows, number, end)
        self._cursor = self._version = 0

    def charges(self, command: Any) -> list[Charge]:
        everything = len(self._ends)
        match command:
            case ReadAll():
                return [Charge("numbers", reads=read_units(min(everything * ITEM_BYTES, MAX_QUERY_BYTES)))]
            case QueryOldest():
                return [Charge("index", reads=read_units(command.limit * ITEM_BYTES))]
            case NextOfRing():
                return [Charge("cursor", 1)]
            case ReadPool():
                return [Charge("pool", reads=2 * read_units(everything * ROW_BYTES))]
            case WritePool():
                return [Charge("pool", write_units(everything * ROW_BYTES))]
            case Claim() | ClaimAgain() | MoveEnd() if self._indexed and self._holds(command):
                return [Charge(f"number {command.number}", 1), Charge("index", 2)]
            case ClaimOldest():
                return [Charge(f"number {self._rng.randrange(everything)}", 1)]
        return [Charge(f"number {command.number}", 1)]

    def apply(self, command: Any, at: float, clock_error: float) -> Any:  # noqa: C901 - a case a command
        match command:
            case Claim():
                return self._claim(command, at, clock_error)
            case ClaimAgain():
                return self._claim_again(command, at, clock_error)
            case MoveEnd():
                return self._move_end(command, at, clock_error)
            case ReadAll():
                return list(self._ends)
            case QueryOldest():
                return self._query(command.limit, at)
            case NextOfRing():
                self._cursor = (self._cursor + 1) % len(self._ends)
                return self._cursor
            case ReadPool():
                return self._version, list(self._ends), list(self._visitors)
            case WritePool():
                if command.version != self._version:
                    self._truth.refused += 1
                    return False
                self._version += 1
                self.apply(command.change, at, clock_error)
                return True
            case ClaimOldest():
                return self._claim_oldest(command, at, clock_error)

    def rest(self, ends: Iterable[int]) -> None:
        """Begin with numbers that were lent before, until these moments."""
        for number, until in enumerate(ends):
            visitor = number.to_bytes(12, "big")
            self._visitors[number] = visitor
            self._truth.lend(number, Lease(visitor, until - 300, until), until - 300.0, 0.0)
            self._write_end(number, until, 0.0)

    def visitor(self, number: int) -> bytes | None:
        """Who holds a number, or held it last."""
        return self._visitors[number]

    def _holds(self, command: Claim | ClaimAgain | MoveEnd) -> bool:
        if not isinstance(command, Claim):
            return self._visitors[command.number] == command.visitor
        end = self._ends[command.number]
        return end < command.free_before or end == command.seen

    def _claim(self, claim: Claim, at: float, clock_error: float) -> tuple[bool, int]:
        if not self._holds(claim):
            self._truth.refused += 1
            return False, self._ends[claim.number]
        self._visitors[claim.number] = claim.visitor
        self._truth.lend(claim.number, Lease(claim.visitor, claim.leased, claim.until), at, clock_error)
        self._write_end(claim.number, claim.until, at)
        return True, claim.until

    def _claim_again(self, claim: ClaimAgain, at: float, clock_error: float) -> bool:
        if not self._holds(claim):
            return False
        self._truth.lend(claim.number, Lease(claim.visitor, claim.leased, claim.until), at, clock_error)
        self._write_end(claim.number, claim.until, at)
        return True

    def _claim_oldest(self, claim: ClaimOldest, at: float, clock_error: float) -> int | None:
        while self._oldest:
            end, number = self._oldest[0]
            if end != self._ends[number]:
                heapq.heappop(self._oldest)
            elif end < claim.free_before:
                self._claim(Claim(number, *claim), at, clock_error)
                return number
            else:
                return None
        return None

    def _move_end(self, move: MoveEnd, at: float, clock_error: float) -> bool:
        if not self._holds(move):
            return False
        move_end = self._truth.extend if move.until > self._ends[move.number] else self._truth.shorten
        move_end(move.number, move.until, clock_error)
        self._write_end(move.number, move.until, at)
        return True

    def _write_end(self, number: int, until: int, at: float) -> None:
        self._ends[number] = until
        if self._indexed:
            median, sigma = INDEX_LAG
            known = at + median * self._rng.lognormvariate(0, sigma)
            heapq.heappush(self._on_the_way, (known, number, until))
        else:
            heapq.heappush(self._oldest, (until, number))

    def _query(self, count: int, at: float) -> list[tuple[int, int]]:
        while self._on_the_way and self._on_the_way[0][0] <= at:
            _, number, end = heapq.heappop(self._on_the_way)
            self._index_ends[number] = end
            heapq.heappush(self._oldest, (end, number))
        found: list[tuple[int, int]] = []
        while self._oldest and len(found) < count:
            end, number = heapq.heappop(self._oldest)
            if end == self._index_ends[number] and (end, number) not in found:
                found.append((end, number))
        for entry in found:
            heapq.heappush(self._oldest, entry)
        return found


def whole_seconds(now: float, hold: float, guard: int) -> tuple[int, int, int]:
    """(begin, end, free before) as every design here writes them down."""
    return math.floor(now), math.ceil(now + hold), math.floor(now) - guard
