"""What the simulator asks of a way to lend numbers: ours and the peers' stand behind the same few methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from chalicelib.pool.lending.lease_history import Lease
from tests.simulation.engine import Store, Talk


class Held(NamedTuple):
    """A number in a visitor's hand: their lease as the page knows it. Times in seconds since 2024."""

    number: int
    leased: int
    until: int


class RestingStore(Store, Protocol):
    """Storage that can begin with numbers that were lent before."""

    def rest(self, ends: Iterable[int]) -> None:
        """Every number was lent until its moment."""


class Design(Protocol):
    """A way to lend numbers. `now` is the container's clock. Conversations return a Held, or None for no number."""

    @property
    def name(self) -> str:
        """For the tables."""

    @property
    def history_writes(self) -> float:
        """Write units per lease that keeping its history takes beyond the conversations."""

    @property
    def store(self) -> RestingStore:
        """Its storage."""

    def memory(self) -> Any:
        """What one container keeps between requests, when it starts."""

    def lend(self, memory: Any, visitor: bytes, now: float) -> Talk:
        """A number for a visitor who has none."""

    def come_back(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        """A number for a visitor who held this one: that again while nobody else got it, else another."""

    def renew(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        """More time for a visitor who has a number."""

    def release(self, memory: Any, visitor: bytes, held: Held, now: float) -> Talk:
        """The visitor has left."""

    def leases(self, number: int, at: float) -> list[Lease]:
        """The number's leases around a moment, by its history."""
