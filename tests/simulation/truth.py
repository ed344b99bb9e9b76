"""What really happened: who held which number until when, by true time. The checks compare every design with it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chalicelib.pool.lending.lease_history import Lease

REMEMBERED = 6  # leases of each number


@dataclass(slots=True)
class Truth:
    """Numbers are counted from 0. An end is the true time up to which somebody was promised the number."""

    numbers: int
    guard: int
    doubles: int = 0
    cooldown: float = 90.0
    watched: Callable[[bytes], bool] = lambda _: True  # whose leases `idle` and `hasty` are of
    hasty: int = 0  # numbers lent within the cool-down while another had rested for longer
    refused: int = 0  # writes that would have lent a number, had somebody else not been faster
    idle: list[float] = field(default_factory=list)  # seconds that each lent number had rested
    past: list[deque[Lease]] = field(init=False)
    _end: list[float] = field(init=False)
    _promised: list[int] = field(init=False)  # the end as the promising clock wrote it down

    def __post_init__(self) -> None:
        self.past = [deque(maxlen=REMEMBERED) for _ in range(self.numbers)]
        self._end = [-math.inf] * self.numbers
        self._promised = [0] * self.numbers

    def lend(self, number: int, lease: Lease, at: float, clock_error: float) -> None:
        """A number changes hands at true time `at`. Counts a double lease if it was still promised to somebody else."""
        past = self.past[number]
        if past and past[-1].visitor != lease.visitor:
            self.doubles += at < self._end[number]
            if self.watched(lease.visitor):
                rest = at - self._end[number]
                self.idle.append(rest)
                self.hasty += rest < self.cooldown and min(self._end) < at - self.cooldown
        past.append(lease)
        self._end[number], self._promised[number] = lease.until - clock_error, lease.until

    def extend(self, number: int, until: int, clock_error: float) -> None:
        """The holder is promised more time."""
        self._write_end(number, until, max(self._end[number], until - clock_error))

    def shorten(self, number: int, until: int, clock_error: float) -> None:
        """The holder has left: they need the number no longer than this."""
        self._write_end(number, until, until - clock_error)

    def free_since(self, since: float) -> bool:
        """Whether a number is free that was free at `since` already, by the rule of the guard and a right clock."""
        return min(self._promised) < math.floor(since) - self.guard

    def holders(self, at: float) -> Iterator[tuple[int, bytes]]:
        """The numbers that are promised at this moment, and to whom."""
        for number, past in enumerate(self.past):
            if past and at <= self._end[number]:
                yield number, past[-1].visitor

    def start_counting(self) -> None:
        """Forget what the warm-up did; double leases count always."""
        self.refused = self.hasty = 0
        self.idle.clear()

    def _write_end(self, number: int, until: int, end: float) -> None:
        past = self.past[number]
        past[-1] = past[-1]._replace(until=until)
        self._end[number], self._promised[number] = end, until
