"""Virtual time, storage that is slow and has limits, and containers that serve one request after another."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tests.simulation.units import KEY_READS, KEY_WRITES

START = 110_000_000.0  # seconds since 2024: from March 2027 on they have nine digits, and items grow by a byte a time
Talk = Generator[Any, Any, Any]  # a conversation with storage: yields commands, is sent answers


class Charge(NamedTuple):
    """What a command costs one partition key. `history`: it moves the past, it lends nothing."""

    key: str
    writes: float = 0.0
    reads: float = 0.0
    history: bool = False


class Store(Protocol):
    """Storage as one design uses it."""

    def charges(self, command: Any) -> list[Charge]:
        """What the command will cost."""

    def apply(self, command: Any, at: float, clock_error: float) -> Any:
        """Carry the command out at this true time, for a container whose clock is off by so much."""


@dataclass(frozen=True, slots=True)
class Network:
    """Round trips. Seconds. Half of a trip passes before the command takes effect."""

    median: float = 0.005
    sigma: float = 0.4
    lost_answers: float = 0.0  # share of commands that take effect although the SDK sees a timeout, and repeats them
    timeout: float = 0.7
    first_backoff: float = 0.05  # doubles with each refusal, with jitter, as botocore does
    tries: int = 10


@dataclass(slots=True)
class Spent:
    """What one request has used."""

    began: float
    trips: int = 0
    writes: float = 0.0
    reads: float = 0.0
    history_writes: float = 0.0
    throttles: int = 0
    failed: bool = False
    ended: float = 0.0


@dataclass(slots=True)
class Container:
    """One Lambda instance: its memory of the pool and its clock."""

    memory: Any
    clock_error: float = 0.0


Asked = Callable[[Container, float], Talk]  # (container, its clock's time) → the conversation
Heard = Callable[[Any, Spent], None]


class Engine:
    """The event loop."""

    def __init__(self, store: Store, network: Network, rng: random.Random) -> None:
        self.now = START
        self.store, self.network, self.rng = store, network, rng
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._tokens: dict[str, list[float]] = {}  # key → write tokens, read tokens, when they were counted

    def at(self, when: float, act: Callable[..., None], *values: Any) -> None:
        """Call `act(*values)` at that true time."""
        self._count += 1
        heapq.heappush(self._queue, (when, self._count, act, values))

    def run(self, until: float) -> None:
        """Let everything happen that happens before `until`."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, act, values = heapq.heappop(self._queue)
            act(*values)

    def trip(self) -> float:
        """How long the next round trip takes."""
        return self.network.median * self.rng.lognormvariate(0, self.network.sigma)

    def admit(self, charges: list[Charge]) -> bool:
        """Whether every key bears the load; if so it is charged."""
        books = [self._book(charge.key) for charge in charges]
        for charge, book in zip(charges, books, strict=True):
            if book[0] < min(charge.writes, KEY_WRITES) or book[1] < min(charge.reads, KEY_READS):
                return False
        for charge, book in zip(charges, books, strict=True):
            book[0] -= charge.writes
            book[1] -= charge.reads
        return True

    def _book(self, key: str) -> list[float]:
        book = self._tokens.get(key)
        if book is None:
            book = self._tokens[key] = [KEY_WRITES, KEY_READS, self.now]
        passed = self.now - book[2]
        book[0] = min(book[0] + passed * KEY_WRITES, KEY_WRITES)
        book[1] = min(book[1] + passed * KEY_READS, KEY_READS)
        book[2] = self.now
        return book


class Exchange:
    """One request's conversation with storage."""

    __slots__ = ("_backoffs", "_clock_error", "_engine", "_heard", "_talk", "spent")

    def __init__(self, engine: Engine, talk: Talk, clock_error: float, spent: Spent, heard: Heard) -> None:
        self._engine, self._talk, self._clock_error, self._heard = engine, talk, clock_error, heard
        self.spent = spent
        self._backoffs = 0
        self._continue(None)

    def _continue(self, answer: Any) -> None:
        try:
            command = self._talk.send(answer)
        except StopIteration as ended:
            self._end(ended.value)
        else:
            self.spent.trips += 1
            self._send(command, self._engine.now)

    def _send(self, command: Any, when: float) -> None:
        trip = self._engine.trip()
        self._engine.at(when + trip / 2, self._arrive, command, trip / 2)

    def _arrive(self, command: Any, way_back: float) -> None:
        engine = self._engine
        charges = engine.store.charges(command)
        if not engine.admit(charges):
            self._refused(command, way_back)
            return
        for charge in charges:
            self.spent.reads += charge.reads
            if charge.history:
                self.spent.history_writes += charge.writes
            else:
                self.spent.writes += charge.writes
        answer = engine.store.apply(command, engine.now, self._clock_error)
        if engine.network.lost_answers and engine.rng.random() < engine.network.lost_answers:
            self._send(command, engine.now + engine.network.timeout)
        else:
            engine.at(engine.now + way_back, self._continue, answer)

    def _refused(self, command: Any, way_back: float) -> None:
        engine = self._engine
        self.spent.throttles += 1
        self._backoffs += 1
        if self._backoffs >= engine.network.tries:
            self.spent.failed = True
            self._talk.close()
            engine.at(engine.now + way_back, self._end, None)
            return
        wait = engine.network.first_backoff * 2 ** (self._backoffs - 1) * engine.rng.random()
        self._send(command, engine.now + way_back + wait)

    def _end(self, result: Any) -> None:
        self.spent.ended = self._engine.now
        self._heard(result, self.spent)


@dataclass(slots=True)
class Fleet:
    """The containers of one function. A request goes to a random idle one and waits while all are busy."""

    engine: Engine
    idle: list[Container]
    waiting: deque[tuple[Asked, Heard, Spent]] = field(default_factory=deque)

    def ask(self, asked: Asked, heard: Heard) -> None:
        """Have a container lead the conversation; `heard` gets its result and what it used."""
        spent = Spent(self.engine.now)
        if self.idle:
            choice = self.engine.rng.randrange(len(self.idle))
            self.idle[choice], self.idle[-1] = self.idle[-1], self.idle[choice]
            self._serve(self.idle.pop(), asked, heard, spent)
        else:
            self.waiting.append((asked, heard, spent))

    def _serve(self, container: Container, asked: Asked, heard: Heard, spent: Spent) -> None:
        def done(result: Any, used: Spent) -> None:
            if self.waiting:
                self.engine.at(self.engine.now, self._serve, container, *self.waiting.popleft())
            else:
                self.idle.append(container)
            heard(result, used)

        talk = asked(container, self.engine.now + container.clock_error)
        Exchange(self.engine, talk, container.clock_error, spent, done)
