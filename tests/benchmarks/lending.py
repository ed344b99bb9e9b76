"""Lease, renewal and history against the raw requests they cannot be cheaper than, alternately in one run."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.pool.lending import group_codec, rules
from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.pool.lending.groups_table import Consumed, PoolTable
from chalicelib.pool.lending.lease_group import RETIRED, SLOTS, Group, Position, Slot, moment_of
from chalicelib.pool.lending.lease_history import key_of
from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.lending.rules import CLOSED_FULL
from chalicelib.registry import keys, snapshot
from chalicelib.registry.types import NumberKind, Pool, Site, SiteSnapshot, TrackingNumber
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from tests.benchmarks.engine import counted_tables, tables
from tests.benchmarks.request import NewVisitors
from tests.benchmarks.row import Row, against_floor
from tests.pool.shop import NOW

ROUNDS = 600
WARM_UP = 150
HOLD = 300.0
USE = 0.5  # of the numbers, at any moment
GRACE = 1800  # seconds, the registry's default
RINGS = 4
RAW_UPDATE = "one raw conditional UpdateItem of a plain boto3 client"
RAW_QUERY = "one raw consistent Query of a plain boto3 client"
ASKED = {
    "lease": "a number lent to a new visitor",
    "renew": "a lease renewed",
    "issue": "the whole request through the handler, a new visitor's arrival stored beside the lease, warm",
}
START = 90_000_000.0  # seconds since 2024: some time in 2026; the benchmark's clock is virtual


@dataclass
class BenchPool:
    """A pool on the engine, its view, and a clock that keeps half of it in use."""

    name: str
    size: int
    now: float = START
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    lent: list[rules.Lent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = PoolTable(self.name)
        groups = [[f"+7{group:06d}{slot:02d}" for slot in range(SLOTS)] for group in range(-(-self.size // SLOTS))]
        self.view = PoolView(groups, Policy(HOLD), self.rng)
        for group in range(len(groups)):
            self.table.put(group_codec.write_group(self.name, group, self._head(group)), "attribute_not_exists(k)")

    def _head(self, group: int) -> Group:
        numbers = min(SLOTS, self.size - group * SLOTS)
        free, retired = Slot(None, 0, 0), Slot(None, 0, RETIRED)
        return Group((free,) * numbers + (retired,) * (SLOTS - numbers), (), 0)

    def lease(self) -> None:
        """One new visitor. The clock moves on first, so that the pool stays as full as it is."""
        self.now += HOLD / (USE * self.size)
        found = self.table.run(rules.lend(self.view, secrets.token_bytes(12), self.now, self.rng))
        if found is None:
            raise AssertionError("a pool in half use had no number")
        self.lent.append(found)

    def renew(self) -> None:
        """Renew the number of the visitor who came last."""
        last = self.lent[-1]
        self.now += 1
        self.table.run(rules.renew(self.view, Position(last.group, last.slot), last.visitor, self.now))

    def holder(self) -> None:
        """Who held the number lent last, ten seconds into the lease: nobody dials in the first four."""
        last = self.lent[-1]
        owner = TrackingNumber("+70000000000", "site", NumberKind.DYNAMIC, self.name, group=last.group, slot=last.slot)
        found = holder_at(owner, moment_of(last.leased + 10), 1800, moment_of(self.now))
        if found.visitor != last.visitor.hex():
            raise AssertionError("the history named another visitor")


def rows() -> Iterator[Row]:
    """`lease`, `renew`, `issue` in time and in CPU, `holder_at`, `lease_10000_vs_5`, `directory_10000_vs_5`."""
    with tables():
        plain = _plain_client()
        pool, visitors = BenchPool("bench", 500), NewVisitors("whole", 500)
        small, large = BenchPool("small", 5), BenchPool("large", 10_000)
        update, history = _raw_update(plain), _raw_history(plain, pool)
        for _ in range(WARM_UP):
            for step in (pool.lease, small.lease, large.lease, visitors.ask, update):
                step()
        steps = {"lease": pool.lease, "renew": pool.renew, "issue": visitors.ask, "update": update}
        spent = _alternately(steps | {"holder": pool.holder, "history": history})
        for name, what in ASKED.items():
            yield against_floor(name, spent.wall[name], spent.wall["update"], "ms", f"{what}, over {RAW_UPDATE}")
        for name, what in ASKED.items():
            note = f"{what}, over {RAW_UPDATE}; CPU of this process alone, the engine's apart"
            yield against_floor(f"{name}_cpu", spent.cpu[name], spent.cpu["update"], "ms", note)
        note = f"with the look-back over {GRACE} s that every call asks for, over {RAW_QUERY} of the same images"
        yield against_floor("holder_at", spent.wall["holder"], spent.wall["history"], "ms", note)
        spent = _alternately({"large": large.lease, "small": small.lease})
        note = "a lease in either pool, the directory known"
        yield against_floor("lease_10000_vs_5", spent.wall["large"], spent.wall["small"], "ms", note)
        spent = _alternately({"large": _directory(plain, "large", 10_000), "small": _directory(plain, "small", 5)})
        note = "reading a site with either pool, as a container does once a minute"
        yield against_floor("directory_10000_vs_5", spent.wall["large"], spent.wall["small"], "ms", note)


def counts() -> Iterator[Row]:
    """Count what a lease and a renewal use, in units and round trips, on DynamoDB Local, history moved included.

    `lease_write_units` is the lease's own, as simulated (pool.py). All groups have archived before it is counted, and
    it is counted until every group has archived RINGS times.
    """
    with counted_tables():
        pool = BenchPool("bench", 500)
        closed = CLOSED_FULL * pool.view.size  # leases until every group has moved its own
        for _ in range(2 * closed):
            pool.lease()
        for name, step, times in (("counted_lease", pool.lease, RINGS * closed), ("counted_renew", pool.renew, ROUNDS)):
            note = f"500 numbers, {USE:.0%} in use, one container; DynamoDB Local's count of {times:,}, with history"
            pool.table.consumed = Consumed()
            for _ in range(times):
                step()
            used = pool.table.consumed
            yield Row(f"{name}_write_units", round((used.write_units + used.refused) / times, 3), "units", note=note)
            yield Row(f"{name}_read_units", round(used.read_units / times, 3), "units", note=note)
            yield Row(f"{name}_round_trips", round(used.trips / times, 3), "round trips", note=note)


@dataclass
class Spent:
    """Milliseconds of each step, run by run: by the clock, and of this process's CPU."""

    wall: dict[str, list[float]]
    cpu: dict[str, list[float]]


def _alternately(steps: dict[str, Callable[[], None]]) -> Spent:
    """Measure each step in ROUNDS rounds, shuffled within every round: the machine's moods hit all alike."""
    spent = Spent({name: [] for name in steps}, {name: [] for name in steps})
    order = list(steps)
    shuffle = random.Random(11).shuffle
    for _ in range(ROUNDS):
        shuffle(order)
        for name in order:
            wall, cpu = time.perf_counter(), time.process_time()
            steps[name]()
            spent.cpu[name].append((time.process_time() - cpu) * 1000)
            spent.wall[name].append((time.perf_counter() - wall) * 1000)
    return spent


def _plain_client() -> Any:
    """Return a client as boto3 makes it, with the hot one's patience."""
    patience: dict[str, Any] = {**aws.HOT_TIMEOUTS}
    return boto3.session.Session().client("dynamodb", config=Config(**patience))


def _raw_update(client: Any) -> Callable[[], None]:
    """Return the floor of a lease: one conditional UpdateItem of an item as large as a head in use."""
    table, key = settings().pools_table, {"k": {"S": "floor#0"}, "e": {"N": str(group_codec.CURRENT)}}
    filled = Group(tuple(Slot(secrets.token_bytes(12), 90_000_000, 90_000_300) for _ in range(SLOTS)), (), 0)
    closed = [part for _ in range(11) for part in group_codec.slot_value(3, filled.slots[0])["L"]]
    client.put_item(TableName=table, Item=group_codec.write_group("floor", 0, filled) | {"r": {"L": closed}})
    turn = iter(range(90_000_301, 99_999_999))

    def update() -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET A[3] = :until",
            ConditionExpression="A[3] < :until",
            ExpressionAttributeValues={":until": {"N": str(next(turn))}},
        )

    return update


def _raw_history(client: Any, pool: BenchPool) -> Callable[[], None]:
    """Return the floor of a look into history: one consistent Query of the images that `pool.holder` asks for."""

    def read() -> None:
        last = pool.lent[-1]
        client.query(
            TableName=settings().pools_table,
            KeyConditionExpression="k = :k AND e >= :since",
            ExpressionAttributeValues={
                ":k": group_codec.key(pool.name, last.group)["k"],
                ":since": {"N": str(key_of(last.leased + 10 - GRACE))},
            },
            ConsistentRead=True,
        )

    return read


def _directory(client: Any, name: str, size: int) -> Callable[[], None]:
    """Return a site with so many numbers, read as by a container that has not heard of it for a minute."""
    site = Site(name, "acc", f"key-{name}", "Shop", (), "Europe/Moscow", "RUB", "RU")
    pool = Pool(name, name, "All", "+74950000000", None)
    numbers = [f"+7495{place:07d}" for place in range(size)]
    groups = tuple(tuple(numbers[start : start + SLOTS]) for start in range(0, size, SLOTS))
    parts = keys.split(keys.encode(SiteSnapshot(site, (pool,), {name: groups})))
    for place, part in enumerate(parts):
        item = {"pk": {"S": keys.snapshot_pk(site.site_key)}, "sk": {"S": keys.part_sk(place)}, "doc": {"B": part}}
        counted = {"version": {"N": "1"}, "parts": {"N": str(len(parts))}}
        client.put_item(TableName=settings().directory_table, Item=item | counted)

    def read() -> None:
        snapshot.forget()
        found = snapshot.site_by_key(site.site_key, NOW)
        if found is None or found.slots[name] != groups:
            raise AssertionError("the directory has other numbers")

    return read
