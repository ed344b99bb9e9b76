"""Many containers at once on fifty numbers, threads and processes, on the local AWS engine and on DynamoDB Local."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import get_context
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.pool.lending import rules, slots
from chalicelib.pool.lending.address_quota import AddressQuota, quota_of
from chalicelib.pool.lending.commands import Copied, Copy, Release, Renew, Retake, Take
from chalicelib.pool.lending.find_holder import MOST_IMAGES
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.lease_group import GUARD, Position
from chalicelib.pool.lending.lease_history import holding_of, key_of
from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.lending.slot_assignment import assign_slots, by_group
from infra.local.tables import table_definitions
from tests.fakes.lease_table import MemoryTable

pytestmark = pytest.mark.engine

THREADS, NUMBERS, HOLD = 64, 50, 30
START = 90_000_000.0
CREDENTIALS: dict[str, Any] = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "region_name": "eu-central-1",
}


@pytest.fixture(scope="module")
def dynamodb(dynamodb_url: str) -> Any:
    """A client of a real engine. One attempt a call: what an SDK repeats is another test's matter."""
    config = Config(max_pool_connections=THREADS, retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url=dynamodb_url, config=config, **CREDENTIALS)
    client.create_table(TableName="pools", **table_definitions()["PoolsTable"])
    return client


@dataclass
class Stay:
    """What one visitor's page was promised, in virtual time."""

    position: tuple[int, int]
    visitor: bytes
    begun: float
    until: float


@dataclass
class Race:
    """A pool, as many containers as threads, a clock they share and what was promised."""

    dynamodb: Any
    pool_id: str
    now: float = START
    stays: list[Stay] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.numbers = [f"+7495{place:07d}" for place in range(NUMBERS)]
        self.positions = by_group(assign_slots({}, self.numbers))
        for group, taken in self.positions.items():
            assert slots.claim(self.table(), group, taken, new=True)
            slots.activate(self.table(), group, taken)
        self.slots = [[taken.get(slot, "") for slot in range(12)] for taken in self.positions.values()]

    def number_at(self, slot: int) -> str:
        return self.slots[0][slot]

    def table(self) -> PoolTable:
        return PoolTable(self.pool_id, client=self.dynamodb, name="pools")

    def view(self, seed: int) -> PoolView:
        return PoolView(self.slots, Policy(HOLD, cooldown=5), random.Random(seed))

    def tick(self, rng: random.Random) -> float:
        with self.lock:
            self.now += rng.uniform(0, 0.4)
            return self.now

    def run(self, work: Callable[[int], Any]) -> list[Any]:
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(work, range(THREADS)))


def test_sixty_four_visitors_at_once_get_fifty_numbers_and_the_rest_overflow(dynamodb: Any) -> None:
    race = Race(dynamodb, "burst")

    def ask(place: int) -> rules.Lent | None:
        rng, view = random.Random(place), race.view(place)
        for attempt in range(3):  # the second look is after the moment a container believes in the exhaustion
            lent = race.table().run(rules.lend(view, rng.randbytes(12), START + 1.5 * attempt, rng))
            if lent is not None:
                return lent
        return None

    lent = [(one.group, one.slot) for one in race.run(ask) if one is not None]
    assert len(lent) == len(set(lent)) == NUMBERS
    assert race.table().run(rules.lend(race.view(99), b"late" * 3, START + 5, random.Random(99))) is None


def test_one_visitor_with_sixty_four_tabs_never_displaces_anybody(dynamodb: Any) -> None:
    race = Race(dynamodb, "tabs")
    me = b"me" * 6
    lent = race.run(lambda place: race.table().run(rules.lend(race.view(place), me, START, random.Random(place))))
    assert all(lent)
    states = race.table().read(range(5), consistent=True)
    assert {state.slot_of(me) for state in states.values()} != {None}
    assert all(sum(slot.visitor == me for slot in state.slots) <= 1 for state in states.values())


def test_sixty_four_visitors_of_one_address_get_its_share_though_nobody_has_seen_another(dynamodb: Any) -> None:
    race = Race(dynamodb, "address")
    quota = quota_of("93.184.216.34", "address", NUMBERS, len(race.slots), 10, b"key")
    other = quota_of("93.184.216.35", "address", NUMBERS, len(race.slots), 10, b"key")

    def ask(place: int, at: float = START, quota: AddressQuota | None = quota) -> rules.Lent | None:
        rng, view = random.Random(place), race.view(place)
        lend = rules.lend(view, rng.randbytes(12), at, rng, quota)
        return race.table().run(lend)

    def held(at: float) -> int:
        states = race.table().read(range(5), consistent=True).values()
        return sum(slot.until >= at for state in states for slot in state.slots if slot.visitor)

    lent = [one for one in race.run(ask) if one is not None]
    assert len(lent) == held(START) == 5
    assert all(ask(100 + place, quota=other) for place in range(5))
    assert ask(200, quota=other) is None
    assert ask(201, quota=None)
    running, later = lent[0], START + 20
    position = Position(running.group, running.slot)
    assert race.table().run(rules.renew(race.view(1), position, running.visitor, later, quota))
    assert [bool(ask(300 + place, at=START + 3 * HOLD)) for place in range(10)] == [True] * 5 + [False] * 5


def test_a_lease_that_has_ended_is_begun_anew_only_within_the_addresss_share(dynamodb: Any) -> None:
    race = Race(dynamodb, "anew")
    quota = quota_of("93.184.216.34", "anew", NUMBERS, len(race.slots), 10, b"key")
    view, rng = race.view(1), random.Random(1)

    def ask(place: int, at: float) -> rules.Lent | None:
        return race.table().run(rules.lend(view, bytes([place]) * 12, at, rng, quota))

    first = [ask(place, START) for place in range(5)]
    second = [ask(10 + place, START + HOLD + 15) for place in range(5)]
    assert all(first) and all(second)
    kept = [
        one for one in first if one and all(two and (two.group, two.slot) != (one.group, one.slot) for two in second)
    ]
    assert kept
    for one in kept:
        position = Position(one.group, one.slot)
        for cold in (view, race.view(2)):
            for lapsed in (True, False):
                renew = rules.renew(cold, position, one.visitor, START + HOLD + 16, quota, lapsed=lapsed)
                assert race.table().run(renew) is None
        again = rules.renew(race.view(3), position, one.visitor, START + 4 * HOLD, quota, lapsed=True)
        assert race.table().run(again)


def test_lending_renewing_and_releasing_at_once_never_gives_a_number_two_holders(dynamodb: Any) -> None:
    race = Race(dynamodb, "day")

    def visits(place: int) -> None:
        rng, view, table = random.Random(place), race.view(place), race.table()
        for _ in range(5):
            visitor, now = rng.randbytes(12), race.tick(rng)
            lent = table.run(rules.lend(view, visitor, now, rng))
            if lent is None:
                continue
            stay, end = Stay((lent.group, lent.slot), visitor, now, now + HOLD), lent.until
            race.stays.append(stay)
            for _ in range(rng.randrange(3)):
                now = race.tick(rng)
                if renewed := table.run(rules.renew(view, Position(*stay.position), visitor, now)):
                    stay.until, end = now + HOLD, renewed.until
            if rng.random() < 0.6:
                stay.until = min(stay.until, race.tick(rng))
                table.run(rules.release(Position(*stay.position), visitor, stay.until, end))

    race.run(visits)
    check_no_overlap(race.stays)
    check_history(race)
    assert len(race.stays) > NUMBERS


PROCESSES, THREADS_EACH = 4, 4
TICK = 0.5  # virtual seconds that pass whenever any thread of any process asks what time it is
CLOCK: list[Any] = []  # of a process: the one clock that all of them share


def test_processes_of_their_own_never_give_a_number_two_holders(dynamodb: Any) -> None:
    race = Race(dynamodb, "processes")
    context = get_context("spawn")
    clock = context.Value("d", START)
    with ProcessPoolExecutor(PROCESSES, context, initializer=share, initargs=(clock,)) as processes:
        url = dynamodb.meta.endpoint_url
        found = [processes.submit(container, url, race.slots, place) for place in range(PROCESSES)]
        race.stays = [stay for each in found for stay in each.result()]
    check_no_overlap(race.stays)
    check_history(race)
    assert len(race.stays) > NUMBERS


def share(clock: Any) -> None:
    """Give a new process the clock: a function is found by its name there, a list would be a copy."""
    CLOCK.append(clock)


def ticked() -> float:
    (clock,) = CLOCK
    with clock.get_lock():
        clock.value += TICK
        return float(clock.value)


def container(url: str, layout: list[list[str]], place: int) -> list[Stay]:
    """What one process promised to its visitors, each of its threads with a view of its own."""
    config = Config(max_pool_connections=THREADS_EACH, retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url=url, config=config, **CREDENTIALS)

    def visits(thread: int) -> list[Stay]:
        rng, stays = random.Random(place * 100 + thread), []
        view, table = (
            PoolView(layout, Policy(HOLD, cooldown=5), rng),
            PoolTable("processes", client=client, name="pools"),
        )
        for _ in range(12):
            visitor, asked = rng.randbytes(12), ticked()
            lent = table.run(rules.lend(view, visitor, asked, rng))
            if lent is None:
                continue
            stay = Stay((lent.group, lent.slot), visitor, asked, asked + HOLD)
            stays.append(stay)
            asked = ticked()
            if rng.random() < 0.5 and table.run(rules.renew(view, Position(*stay.position), visitor, asked)):
                stay.until = asked + HOLD
        return stays

    with ThreadPoolExecutor(THREADS_EACH) as threads:
        return [stay for stays in threads.map(visits, range(THREADS_EACH)) for stay in stays]


def check_no_overlap(stays: list[Stay]) -> None:
    by_seat: dict[tuple[int, int], list[Stay]] = {}
    for stay in sorted(stays, key=lambda stay: stay.begun):
        by_seat.setdefault(stay.position, []).append(stay)
    for here in by_seat.values():
        assert all(one.until < other.begun for one, other in pairwise(here))


def check_history(race: Race) -> None:
    for stay in race.stays:
        at = stay.begun + 5
        states = race.table().history(stay.position[0], key_of(at - 1800), MOST_IMAGES)
        found = holding_of(stay.position[1], states, at, 1800, most=MOST_IMAGES)
        assert found.visitor == stay.visitor.hex()


def test_a_write_costs_one_unit_until_the_ring_moves_into_a_chunk(dynamodb: Any) -> None:
    race = Race(dynamodb, "pabcdefghijklmnop")
    rng, view, table, now = random.Random(1), race.view(1), race.table(), START
    costs = []
    for _ in range(400):
        before = table.consumed.write_units
        assert table.run(rules.lend(view, rng.randbytes(12), now, rng))
        costs.append(table.consumed.write_units - before)
        now += 1.5
    assert set(costs) == {1.0, 2.0}
    assert sum(costs) / len(costs) < 1.07
    assert table.consumed.refused == 0


def test_every_write_does_to_a_group_what_the_model_of_the_other_tests_says(dynamodb: Any) -> None:
    race, rng, now = Race(dynamodb, "model"), random.Random(5), int(START)
    table, model = race.table(), MemoryTable(1)
    model.groups = table.read([0], consistent=True)
    visitors = [bytes([place]) * 12 for place in range(4)]
    quota = quota_of("93.184.216.34", "model", 12, 1, 10, b"key")
    assert quota is not None
    accepted: Counter[str] = Counter()
    for _ in range(400):
        now += rng.choice([0, 0, 1, 30, 100])
        slot, state = rng.randrange(2), model.groups[0]
        visitor = rng.choice([rng.choice(visitors), state.slots[slot].visitor or visitors[0]])
        quota_token = rng.choice([None, quota.quota_token(0, state, slot, now - 10)])
        old, copied = state.slots[slot].until, None
        if rng.random() < 0.3:  # a copy of this state, or a claim of one of another
            table.execute(Copy(0, state, key := rules.chunk_key(state)))
            model.execute(Copy(0, state, key))
            copied = Copied(
                state.last_chunk - rng.choice([0, 0, 0, 1]), len(state.closed) - rng.choice([0, 0, 0, 1]), key
            )
        writes: list[Take | Retake | Renew | Release | bool] = [
            Take(0, slot, visitor, now, now + 60, now - GUARD, quota_token, copied),
            Retake(0, slot, visitor, now, now + 60, now, quota_token, copied),
            Renew(0, slot, visitor, now + 60, now, copied),
            Release(0, slot, visitor, now + 90, old + rng.choice([0, 0, 5, -5]), now),
            rng.choice([True, False]),
        ]
        write = rng.choices(writes, [3, 3, 3, 3, 1])[0]
        if isinstance(write, bool):
            closed = state.slots[slot].retired
            if closed:
                slots.activate(table, 0, {slot: state.slots[slot].kept_for or ""})
                model.activate((0, slot))
            else:
                number = race.number_at(slot)
                done = slots.retire(table, 0, slot, number, now, at_once=write, guard=GUARD)
                assert done is model.retire((0, slot), now, at_once=write, number=number)
            accepted["activate" if closed else "retire"] += 1
        else:
            answer = table.execute(write)
            assert answer.done is model.execute(write).done, (write, state)
            accepted[type(write).__name__] += answer.done
            emptied = answer.done and not isinstance(write, Release) and write.copied is not None
            accepted["emptied"] += emptied
        if len(model.groups[0].closed) >= 14:
            table.run(rules.archive(0, model.groups[0]))
            model.run(rules.archive(0, model.groups[0]))
        assert table.read([0], consistent=True) == model.groups
    assert (
        min(accepted[name] for name in ("Take", "Retake", "Renew", "Release", "retire", "activate", "emptied")) >= 3
    ), accepted
    current, *chunks = model.history(0, 0)
    untagged = [chunk._replace(slots=tuple(slot._replace(tag=None) for slot in chunk.slots)) for chunk in chunks]
    assert table.history(0, 0, 1000) == (current, *untagged)
