"""Lease, renewal and history against the raw requests they cannot be cheaper than, alternately in one run."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.pool import rules, wire
from chalicelib.pool.chooser import Choice
from chalicelib.pool.group import RETIRED, SLOTS, Group, Slot, moment_of
from chalicelib.pool.holder import holder_at
from chalicelib.pool.table import Consumed, PoolTable
from chalicelib.pool.view import Policy, PoolView
from chalicelib.registry.types import NumberKind, TrackingNumber
from chalicelib.settings import settings
from tests.bench.engine import counted_tables, tables
from tests.bench.row import Row, against_floor

ROUNDS = 600
WARM_UP = 150
HOLD = 300.0
USE = 0.5  # of the numbers, at any moment
START = 90_000_000.0  # seconds since 2024: some time in 2026; the benchmark's clock is virtual


@dataclass
class BenchPool:
    """A pool on the engine, its view, and a clock that keeps half of it in use."""

    name: str
    size: int
    client: Any
    now: float = START
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    lent: list[rules.Lent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = PoolTable(self.name, client=self.client)
        groups = [[f"+7{group:06d}{slot:02d}" for slot in range(SLOTS)] for group in range(-(-self.size // SLOTS))]
        self.view = PoolView(groups, Policy(HOLD), self.rng)
        for group in range(len(groups)):
            self.client.put_item(
                TableName=settings().pools_table, Item=wire.write_group(self.name, group, self._head(group))
            )

    def _head(self, group: int) -> Group:
        numbers = min(SLOTS, self.size - group * SLOTS)
        free, retired = Slot(None, 0, 0), Slot(None, 0, RETIRED)
        return Group((free,) * numbers + (retired,) * (SLOTS - numbers), (), 0)

    def lease(self) -> None:
        """One new visitor. The clock moves on first, so that the pool stays as full as it is."""
        self.now += HOLD / (USE * self.size)
        found = self.table.hold(rules.lend(self.view, secrets.token_bytes(12), self.now, self.rng))
        if found is None:
            raise AssertionError("a pool in half use had no number")
        self.lent.append(found)

    def renew(self) -> None:
        """The visitor who came last renews."""
        last = self.lent[-1]
        self.now += 1
        self.table.hold(rules.renew(self.view, Choice(last.group, last.slot), last.visitor, self.now))

    def holder(self) -> None:
        """Who held the number lent last, ten seconds into the lease: nobody dials in the first four."""
        last = self.lent[-1]
        owner = TrackingNumber("+70000000000", "site", NumberKind.DYNAMIC, self.name, group=last.group, slot=last.slot)
        found = holder_at(owner, moment_of(last.leased + 10), 1800, moment_of(self.now))
        if found.visitor != last.visitor.hex():
            raise AssertionError("the history named another visitor")


def rows() -> Iterator[Row]:
    """`lease`, `renew`, `holder_at`, `pool_10000_vs_5` as ratios."""
    with tables() as client:
        pool = BenchPool("bench", 500, client)
        small, large = BenchPool("small", 5, client), BenchPool("large", 10_000, client)
        raw_update, raw_read = _raw(client, pool)
        for _ in range(WARM_UP):
            for step in (pool.lease, small.lease, large.lease, raw_update, raw_read):
                step()
        spent = _alternately(
            {"lease": pool.lease, "update": raw_update, "renew": pool.renew, "holder": pool.holder, "read": raw_read}
        )
        yield against_floor("lease", spent["lease"], spent["update"], "ms", "over one raw conditional UpdateItem")
        yield against_floor("renew", spent["renew"], spent["update"], "ms", "over one raw conditional UpdateItem")
        yield against_floor("holder_at", spent["holder"], spent["read"], "ms", "over one raw consistent Query")
        spent = _alternately({"large": large.lease, "small": small.lease})
        yield against_floor("pool_10000_vs_5", spent["large"], spent["small"], "ms", "a lease in either pool")


def counts() -> Iterator[Row]:
    """What a lease and a renewal use, in units and round trips, as DynamoDB Local counts them, history moved included.

    `lease_write_units` is the lease's own, as simulated (pool.py).
    """
    with counted_tables() as client:
        pool = BenchPool("bench", 500, client)
        note = f"500 numbers, {USE:.0%} in use, one container; counted by DynamoDB Local, history included"
        for _ in range(WARM_UP):
            pool.lease()
        for name, step in (("counted_lease", pool.lease), ("counted_renew", pool.renew)):
            pool.table.consumed = Consumed()
            for _ in range(ROUNDS):
                step()
            used = pool.table.consumed
            yield Row(f"{name}_write_units", round((used.write_units + used.refused) / ROUNDS, 3), "units", note=note)
            yield Row(f"{name}_read_units", round(used.read_units / ROUNDS, 3), "units", note=note)
            yield Row(f"{name}_round_trips", round(used.trips / ROUNDS, 3), "round trips", note=note)


def _alternately(steps: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Milliseconds of each step in ROUNDS rounds, shuffled within every round: the machine's moods hit all alike."""
    spent: dict[str, list[float]] = {name: [] for name in steps}
    order = list(steps)
    shuffle = random.Random(11).shuffle
    for _ in range(ROUNDS):
        shuffle(order)
        for name in order:
            before = time.perf_counter()
            steps[name]()
            spent[name].append((time.perf_counter() - before) * 1000)
    return spent


def _raw(client: Any, pool: BenchPool) -> tuple[Callable[[], None], Callable[[], None]]:
    """The floor: one conditional UpdateItem and one consistent Query of an item as large as a head in use."""
    table, key = settings().pools_table, {"k": {"S": "floor#0"}, "e": {"N": str(wire.HEAD)}}
    filled = Group(tuple(Slot(secrets.token_bytes(12), 90_000_000, 90_000_300) for _ in range(SLOTS)), (), 0)
    ring = [part for _ in range(11) for part in wire.slot_value(3, filled.slots[0])["L"]]
    client.put_item(TableName=table, Item=wire.write_group("floor", 0, filled) | {"r": {"L": ring}})
    turn = iter(range(90_000_301, 99_999_999))

    def update() -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET A[3] = :until",
            ConditionExpression="A[3] < :until",
            ExpressionAttributeValues={":until": {"N": str(next(turn))}},
        )

    def read() -> None:
        client.query(
            TableName=table,
            KeyConditionExpression="k = :k AND e >= :since",
            ExpressionAttributeValues={":k": key["k"], ":since": {"N": "0"}},
            Limit=4,
            ConsistentRead=True,
        )

    return update, read
