from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.pool import census
from chalicelib.registry import store
from tests.manage.conftest import Api

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


def test_a_pool_shows_its_use_as_last_counted(account: Api) -> None:
    numbers = [{"number": f"+7499000000{place}", "pool_id": "p1"} for place in range(3)]
    account.post("/manage/sites/s1/numbers", numbers)
    census.count(datetime.now(UTC))

    use = account.get(f"{PATH}/p1").json_body["use"]

    assert (use["live"], use["numbers"], use["overflow"]) == (0, 3, 0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
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
