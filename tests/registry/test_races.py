"""Many who change one site at once, on real engines: the local AWS engine and DynamoDB Local."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Conflict
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import TrackingNumber
from infra.local.tables import table_definitions
from tests.conftest import forget_caches
from tests.factories import NOW, POOL, SITE, dynamic, open_site

pytestmark = pytest.mark.engine
THREADS = 8


@pytest.fixture
def directory(dynamodb_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty directory table of this test, with site s1."""
    name = request.node.name.partition("[")[0]
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_url)
    boto3.client("dynamodb").create_table(TableName=name, **table_definitions()["DirectoryTable"])
    monkeypatch.setenv("CALLPATH_DIRECTORY_TABLE", name)
    forget_caches()
    open_site()


def at_once(tasks: list[Callable[[], Any]]) -> list[Any]:
    """What each task answers, or the Conflict it raised; all run at the same time."""

    def outcome(task: Callable[[], Any]) -> Any:
        try:
            return task()
        except Conflict as refused:
            return refused

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(outcome, tasks))


def test_no_change_of_many_is_lost_from_the_snapshot(directory: None) -> None:
    pools = [replace(POOL, pool_id=f"q{place}", overflow_number=None) for place in range(24)]

    at_once([lambda pool=pool: store.create_pool(pool) for pool in pools])  # type: ignore[misc]

    found = snapshot.site_by_key(SITE.site_key, NOW)
    assert found is not None
    assert {pool.pool_id for pool in found.pools} == {"p1", *(pool.pool_id for pool in pools)}


def test_fields_changed_at_once_all_stay(directory: None) -> None:
    changes: list[dict[str, Any]] = [
        {"name": "new"},
        {"model": "linear"},
        {"lookback_days": 7},
        {"call_grace_seconds": 60},
        {"target_talk_seconds": 30},
    ]

    at_once([lambda change=change: store.update_site("s1", change) for change in changes])  # type: ignore[misc]

    wanted = replace(SITE, name="new", model="linear", lookback_days=7, call_grace_seconds=60, target_talk_seconds=30)
    assert store.site("s1") == wanted
    assert snapshot.site_by_key(SITE.site_key, NOW).site == wanted  # type: ignore[union-attr]


def test_a_number_claimed_by_many_has_one_place(directory: None) -> None:
    def claim(slot: int) -> int:
        store.put_numbers("s1", [dynamic(0, slot=slot)])
        return slot

    outcomes = at_once([lambda slot=slot: claim(slot) for slot in range(THREADS)])  # type: ignore[misc]

    [winner] = [outcome for outcome in outcomes if not isinstance(outcome, Conflict)]
    [winning] = [number for number in store.numbers_of("s1") if number.number == dynamic(0).number]
    assert isinstance(winning, TrackingNumber)
    assert winning.slot == winner
    assert snapshot.owner_of(winning.number, NOW) == winning
    assert snapshot.site_by_key(SITE.site_key, NOW).slots["p1"] == (("",) * winner + (winning.number,),)  # type: ignore[union-attr]
