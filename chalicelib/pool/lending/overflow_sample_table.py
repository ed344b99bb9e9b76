"""Who was shown an overflow number: a sample a container and minute, so that a storm of visitors hardly writes.

pk SHOWN#<pool id>; sk <minute, ISO 8601>#<container>
v B            the sample: for each visitor their twelve bytes, when they were first and last shown the number
n N            how many visitors there were in all: each of the sample counts for n / (length of the sample)
x N            expiry

A container keeps a reservoir (every visitor is in it with the same chance) and writes it over its last state: at once
for the first visitor, then whenever the number of visitors doubled or WRITE_SECONDS passed. It writes only in requests
that are given the overflow number, never in those for a dynamic number.
"""

from __future__ import annotations

import random
import struct
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

from msgspec import Struct

from chalicelib.core import clock, tokens
from chalicelib.core.errors import StorageUnavailable
from chalicelib.pool.lending.lease_group import moment_of, second_of
from chalicelib.runtime import aws, log
from chalicelib.runtime.chance import chance
from chalicelib.runtime.settings import settings
from chalicelib.visits.visitor_key import VISITOR_BYTES

SAMPLE = 24  # visitors a container and minute: with their times less than half a write unit
WRITE_SECONDS = 5
KEPT_SECONDS = 2 * 86_400  # a call is looked back from by the longest grace, a day
READ_ITEMS = 500  # of containers and minutes, newest first: one page
_ENTRY = struct.Struct(f">{VISITOR_BYTES}sII")


class Shown(Struct, frozen=True):
    """A visitor who was shown a pool's overflow number."""

    visitor: str  # 24 hex digits
    first_at: datetime
    last_at: datetime
    weight: float  # visitors


class _Reservoir:
    """One pool's minute."""

    def __init__(self) -> None:
        self.entries: dict[bytes, tuple[int, int]] = {}
        self.visitors = 0
        self.written_visitors = 0
        self.written_at = 0.0

    def add(self, visitor: bytes, second: int, rng: random.Random) -> None:
        if visitor in self.entries:
            self.entries[visitor] = (self.entries[visitor][0], second)
            return
        self.visitors += 1
        if len(self.entries) < SAMPLE:
            self.entries[visitor] = (second, second)
        elif rng.randrange(self.visitors) < SAMPLE:
            del self.entries[rng.choice(list(self.entries))]
            self.entries[visitor] = (second, second)

    def due(self, second: float) -> bool:
        """Return whether a write is due: visitors doubled since the last one, or some seconds have passed."""
        doubled = self.visitors >= 2 * self.written_visitors
        return self.visitors > self.written_visitors and (doubled or second - self.written_at >= WRITE_SECONDS)


class OverflowSample:
    """One container's sample of the visitors it showed overflow numbers in this minute. Threads may share it."""

    def __init__(self) -> None:
        self._container = tokens.random_id("")
        self._rng = chance()
        self._minutes: dict[tuple[str, str], _Reservoir] = {}
        self._lock = Lock()

    def add(self, pool_id: str, visitor: bytes, now: datetime) -> None:
        """Note a visitor, and write what is due. A failure is logged: a call is then shared among fewer."""
        minute = clock.iso(now.replace(second=0, microsecond=0))
        with self._lock:  # over the write, too: an older state must not come after a newer one
            reservoir = self._minutes.setdefault((pool_id, minute), _Reservoir())
            reservoir.add(visitor, int(second_of(now)), self._rng)
            for (pool, begun), other in list(self._minutes.items()):
                over = begun != minute
                if other.due(second_of(now)) or (over and other.visitors > other.written_visitors):
                    self._write(pool, begun, other, now)
                if over:
                    del self._minutes[pool, begun]

    def _write(self, pool_id: str, minute: str, reservoir: _Reservoir, now: datetime) -> None:
        sample = b"".join(_ENTRY.pack(visitor, *seen) for visitor, seen in reservoir.entries.items())
        values: dict[str, Any] = {
            ":v": {"B": sample},
            ":n": {"N": str(reservoir.visitors)},
            ":x": {"N": str(int(now.timestamp()) + KEPT_SECONDS)},
        }
        try:
            with aws.storage_errors():
                aws.dynamodb(hot=True).update_item(
                    TableName=settings().days_table,
                    Key={"pk": {"S": _pk(pool_id)}, "sk": {"S": f"{minute}#{self._container}"}},
                    UpdateExpression="SET v = :v, n = :n, x = :x",
                    ExpressionAttributeValues=values,
                )
        except StorageUnavailable:
            log.warning("overflow_visitors_lost", pool_id=pool_id, count=reservoir.visitors)
            return
        reservoir.written_visitors, reservoir.written_at = reservoir.visitors, second_of(now)


@lru_cache(maxsize=1)
def sample() -> OverflowSample:
    """Return this container's sample."""
    return OverflowSample()


def shown_before(pool_id: str, at: datetime, seconds: float) -> list[Shown]:
    """Return who was shown the pool's overflow number within `seconds` before `at`, each visitor once.

    Of very many only those of the latest minutes. Raises StorageUnavailable.
    """
    since, until = (each.replace(second=0, microsecond=0) for each in (at - timedelta(seconds=seconds), at))
    with aws.storage_errors():
        answer = aws.dynamodb().query(
            TableName=settings().days_table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :since AND :until",
            ExpressionAttributeValues={
                ":pk": {"S": _pk(pool_id)},
                ":since": {"S": clock.iso(since)},
                ":until": {"S": clock.iso(until) + "~"},
            },
            ScanIndexForward=False,
            Limit=READ_ITEMS,
        )
    found: dict[str, Shown] = {}
    for item in answer["Items"]:
        for one in _read(item):
            if at - timedelta(seconds=seconds) <= one.last_at and one.first_at <= at:
                found[one.visitor] = _joined(one, found.get(one.visitor), at)
    return list(found.values())


def _read(item: dict[str, Any]) -> list[Shown]:
    entries = list(_ENTRY.iter_unpack(item["v"]["B"]))
    weight = int(item["n"]["N"]) / len(entries)
    return [Shown(visitor.hex(), moment_of(first), moment_of(last), weight) for visitor, first, last in entries]


def _joined(one: Shown, other: Shown | None, at: datetime) -> Shown:
    """Join two records of a visitor, from two minutes or containers, without what is after the call."""
    last = min(one.last_at, at)
    if other is None:
        return Shown(one.visitor, one.first_at, last, one.weight)
    first, weight = min(one.first_at, other.first_at), max(one.weight, other.weight)
    return Shown(one.visitor, first, max(last, other.last_at), weight)


def _pk(pool_id: str) -> str:
    return f"SHOWN#{pool_id}"
