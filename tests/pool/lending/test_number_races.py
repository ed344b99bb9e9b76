"""Many who import numbers, archive them and free slots at once, on real engines."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core.errors import Conflict, StorageUnavailable
from chalicelib.pool.lending import slots
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.provision_numbers import import_numbers, set_state
from chalicelib.pool.statistics.maintenance import look_after
from chalicelib.registry import store
from chalicelib.registry.types import NumberState
from infra.local.tables import table_definitions
from tests.conftest import forget_caches
from tests.pool.shop import NOW, POOL, number, open_shop, replace

pytestmark = pytest.mark.engine
PLACES = ("p1", "p2")
LATER = NOW + timedelta(hours=1)
Task = Callable[[], Any]


@pytest.fixture
def shop(dynamodb_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with two pools, in tables of this test's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_url)
    for table in ("Directory", "Pools"):
        name = f"{request.node.originalname}-{table}"[-200:]
        boto3.client("dynamodb").create_table(TableName=name, **table_definitions()[f"{table}Table"])
        monkeypatch.setenv(f"CALLPATH_{table.upper()}_TABLE", name)
    forget_caches()
    open_shop(*(replace(POOL, pool_id=pool_id, overflow_number=None) for pool_id in PLACES))


def at_once(*tasks: Task) -> list[Any]:
    """What each task answers, or how it was refused; all run at the same time."""

    def outcome(task: Task) -> Any:
        try:
            return task()
        except (Conflict, StorageUnavailable) as refused:
            return refused

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(outcome, tasks))


def bring(place: int, pool_id: str) -> Task:
    return lambda: import_numbers("s1", [(1, {"number": number(place), "pool_id": pool_id})], NOW)


def mend() -> None:
    """What maintenance does of it in all pools."""
    look_after("s1", store.pools_of("s1"), LATER, quarantines=False)


def check(count: int) -> None:
    """Every slot that is kept or lent is that of the one number which the registry has there."""
    homes = {(each.pool_id, each.group, each.slot): each for each in store.numbers_of("s1")}
    assert len(homes) == count, "no two live in one slot"
    for pool_id in PLACES:
        for group, state in slots.read_all(PoolTable(pool_id), consistent=True).items():
            for index, slot in enumerate(state.slots):
                home = homes.pop((pool_id, group, index), None)
                if home is None:
                    assert slot.empty, "a dead slot"
                elif home.state is NumberState.ACTIVE:
                    assert not slot.retired, "it is lent"
                else:
                    assert slot.kept_for == home.number
    assert not homes


def test_of_two_imports_of_one_number_one_wins_and_no_slot_is_lost(shop: None) -> None:
    for place in range(20):
        outcomes = at_once(bring(place, "p1"), bring(place, "p2"), mend)[:2]
        assert sum(isinstance(each, dict) and each["landed"] == 1 for each in outcomes) == 1, outcomes
    mend()
    check(20)


def test_after_any_concurrent_changes_every_number_has_one_slot(shop: None) -> None:
    rng, count = random.Random(4), 4

    def change(place: int, state: NumberState, seconds: int) -> Task:
        return lambda: set_state("s1", number(place), state, NOW + timedelta(seconds=seconds))

    for place in range(count):
        bring(place, "p1")()
    for turn in range(40):
        tasks: list[Task] = [mend]
        for place in range(count):
            states = (NumberState.ARCHIVED, NumberState.ACTIVE)
            tasks += [bring(place, rng.choice(PLACES)), change(place, rng.choice(states), turn)]
        at_once(*tasks)
    for place in range(count):  # an operator who was asked to try again does
        owner = store.current_owners([number(place)])[number(place)]
        bring(place, owner.pool_id or "")()
    mend()
    mend()
    check(count)
