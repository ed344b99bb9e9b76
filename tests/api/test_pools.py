from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.pool.statistics import census
from chalicelib.registry import store
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from tests.api.conftest import Api

PATH = "/manage/sites/s1/pools"
NEW = {"name": "Moscow", "target_number": "8 495 123-45-67", "overflow_number": "8 (499) 555-00-01"}


def test_a_pool_is_added_read_and_changed(account: Api) -> None:
    condition = {"regions": ["RU-MOW"], "landing_patterns": ["/windows/*"]}

    made = account.post(PATH, NEW | {"hold_seconds": 300, "order": 5, "condition": condition})

    assert made.status_code == 201, made.json_body
    pool = made.json_body
    assert (pool["target_number"], pool["overflow_number"]) == ("+74951234567", "+74995550001")
    assert pool["condition"] == condition | {"sources": []}
    assert (pool["cooldown_seconds"], pool["record"]) == (90, False)
    item = f"{PATH}/{pool['pool_id']}"
    assert account.get(item).json_body == pool | {"use": None}
    assert account.patch(item, {"record": True}).json_body == pool | {"record": True}
    assert [each["pool_id"] for each in account.get(PATH).json_body["pools"]] == [pool["pool_id"], "p1"]


def test_a_pool_says_how_its_calls_are_put_through_or_leaves_it_to_the_endpoint(account: Api) -> None:
    how = {"whisper": "https://s.example/site.mp3", "show": "tracking"}
    changed = account.patch(f"{PATH}/p1", {"answering": how}).json_body
    whole = how | {"ring_seconds": 30, "announcement": None, "language": None}
    assert changed["answering"] == account.get(f"{PATH}/p1").json_body["answering"] == whole
    refused = account.patch(f"{PATH}/p1", {"answering": how | {"ring_seconds": 121}})
    assert (refused.status_code, refused.json_body["field"]) == (400, "answering.ring_seconds")
    assert account.patch(f"{PATH}/p1", {"answering": None}).json_body["answering"] is None


def test_a_pool_shows_its_use_as_last_counted(account: Api) -> None:
    numbers = [{"number": f"+7499000000{place}", "pool_id": "p1"} for place in range(3)]
    account.post("/manage/sites/s1/numbers", numbers)
    census.count(datetime.now(UTC))

    use = account.get(f"{PATH}/p1").json_body["use"]

    assert (use["live"], use["numbers"], use["overflow"]) == (0, 3, 0)


def test_a_pools_health_is_shown_without_guessing(account: Api) -> None:
    census.count(datetime.now(UTC))

    found = account.get(f"{PATH}/p1/health").json_body

    assert (found["leases"], found["hold"], found["currency"]) == (0, "fixed", None)
    assert (found["too_little_data"], found["needed"]) == ("Fewer than 3 days were counted.", None)


def test_a_pools_health_shows_numbers_needed_and_money(account: Api) -> None:
    now = datetime.now(UTC)
    items: list[dict[str, Any]] = [
        {
            "pk": {"S": "CENSUS#p1"},
            "sk": {"S": clock.iso((now - timedelta(minutes=minute + 2)).replace(second=0, microsecond=0))},
            **{name: {"N": str(count)} for name, count in (("live", 2), ("numbers", 4), ("leases", minute % 2))},
        }
        for minute in range(3 * 1440 + 5)
    ]
    for start in range(0, len(items), 25):
        puts: list[Any] = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        aws.dynamodb().batch_write_item(RequestItems={settings().days_table: puts})

    asked = "days=7&overflow_percent=5&number_price=150&minute_price=2,5&service_price=990&minutes=100"
    found = account.get(f"{PATH}/p1/health?{asked}").json_body

    assert (found["numbers"], found["use"]["mean_percent"], found["reservation_seconds"]) == (4, "50.00", "240")
    assert found["needed"] == {"by_visits": 9, "by_peak": 3, "by_erlang": 5}
    assert found["sizes"]["more"]["monthly_cost"] == "1990.0"  # 5 × 150 + 100 × 2.5 + 990
    assert found["currency"] == "RUB"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=0", "days"),
        ("days=32", "days"),
        ("days=x", "days"),
        ("overflow_percent=0", "overflow_percent"),
        ("overflow_percent=100", "overflow_percent"),
        ("number_price=much", "number_price"),
        ("minutes=-1", "minutes"),
    ],
)
def test_a_wrong_argument_of_the_health_is_named(account: Api, query: str, field: str) -> None:
    answer = account.get(f"{PATH}/p1/health?{query}")
    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_the_bounds_of_a_learned_hold_stay_in_order(account: Api) -> None:
    assert account.patch(f"{PATH}/p1", {"hold": "learned", "hold_max_seconds": 600}).json_body["hold"] == "learned"
    for body in ({"hold_min_seconds": 601}, {"hold_max_seconds": 100}):
        answer = account.patch(f"{PATH}/p1", body)
        assert (answer.status_code, answer.json_body["field"]) == (400, "hold_max_seconds")
    assert account.post(PATH, NEW | {"hold_min_seconds": 2000}).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hold": "guessed"}, "hold"),
        ({"address_percent": 0}, "address_percent"),
        ({"target_number": "12"}, "target_number"),
        ({"target_number": None}, "target_number"),
        ({"overflow_number": "none"}, "overflow_number"),
        ({"hold_seconds": 5}, "hold_seconds"),
        ({"hold_seconds": "6m"}, "hold_seconds"),
        ({"condition": {"regions": "RU-MOW"}}, "condition.regions"),
        ({"order": 1.5}, "order"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(account: Api, wrong: dict[str, Any], field: str) -> None:
    before = store.pools_of("s1")

    for answer in (account.post(PATH, NEW | wrong), account.patch(f"{PATH}/p1", wrong)):
        assert (answer.status_code, answer.json_body["field"]) == (400, field), answer.json_body
    assert store.pools_of("s1") == before


def test_an_overflow_number_serves_one_pool(account: Api) -> None:
    taken = account.post(PATH, NEW | {"overflow_number": "+74995550100"})

    assert (taken.status_code, taken.json_body["error"], taken.json_body["field"]) == (
        409,
        "conflict",
        "overflow_number",
    )
    assert "55501" not in taken.json_body["message"]
    assert [pool.pool_id for pool in store.pools_of("s1")] == ["p1"]


def test_an_unknown_pool_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/p9").status_code == 404
    assert account.patch(f"{PATH}/p9", {"name": "x"}).status_code == 404
    assert account.get(f"{PATH}/p9/health").status_code == 404


def test_another_accounts_pool_is_404(stranger: Api) -> None:
    assert stranger.get(f"{PATH}/p1/health").status_code == 404
