"""Who was shown an overflow number: a sample that represents all, at next to no writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.pool.lending.overflow_sample_table import SAMPLE, OverflowSample, sample, shown_before
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.pool.shop import NOW, open_shop, stock, visit


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def who(place: int) -> bytes:
    return place.to_bytes(12, "big")


@pytest.fixture
def table(aws: Any) -> Any:
    return aws.client("dynamodb")


def rows(table: Any) -> list[dict[str, Any]]:
    items = table.scan(TableName=settings().days_table)["Items"]
    return [item for item in items if item["pk"]["S"].startswith("SHOWN#")]


def test_a_visitor_is_found_by_a_call_until_the_look_back_ends(table: Any) -> None:
    shown = OverflowSample()
    shown.add("p1", who(1), NOW)
    for at, found in ((NOW - seconds(1), 0), (NOW, 1), (NOW + seconds(600), 1), (NOW + seconds(700), 0)):
        assert len(shown_before("p1", at, 600)) == found, at
    assert shown_before("p2", NOW, 600) == []
    (one,) = shown_before("p1", NOW + seconds(0.5), 600)
    assert (one.visitor, one.first_at, one.last_at, one.weight) == (who(1).hex(), NOW, NOW, 1)


def test_a_visitor_of_two_minutes_and_containers_is_one(table: Any) -> None:
    for container, at in ((OverflowSample(), 0), (OverflowSample(), 20), (OverflowSample(), 130)):
        container.add("p1", who(1), NOW + seconds(at))
    (one,) = shown_before("p1", NOW + seconds(150), 600)
    assert (one.first_at, one.last_at) == (NOW, NOW + seconds(130))
    (earlier,) = shown_before("p1", NOW + seconds(100), 600)
    assert earlier.last_at == NOW + seconds(20)


def test_a_storm_is_sampled_and_hardly_written(table: Any) -> None:
    shown, visitors = OverflowSample(), 2000
    for place in range(visitors):
        shown.add("p1", who(place), NOW + seconds(60 * place / visitors))
    (row,) = rows(table)
    assert len(row["v"]["B"]) == 20 * SAMPLE
    found = shown_before("p1", NOW + seconds(60), 120)
    assert len(found) == SAMPLE
    assert sum(one.weight for one in found) == int(row["n"]["N"]) > visitors * 0.9
    places = [int(one.visitor, 16) for one in found]
    assert 500 < sum(places) / SAMPLE < 1500, "the early and the late ones are in it alike"


def test_writes_grow_with_the_logarithm_of_the_visitors(aws: Any) -> None:
    from chalicelib.runtime import aws as clients

    client, writes = clients.dynamodb(hot=True), []
    client.meta.events.register("provide-client-params.dynamodb.UpdateItem", lambda params, **_: writes.append(params))
    shown = OverflowSample()
    for place in range(2000):
        shown.add("p1", who(place), NOW + seconds(4 * place / 2000))
    assert len(writes) <= 12
    shown.add("p1", who(2001), NOW + seconds(61))
    assert writes[-2]["ExpressionAttributeValues"][":n"] == {"N": "2000"}, "a minute that is over is written whole"


def test_a_failure_is_logged_and_the_page_gets_its_number(aws: Any, capsys: Any, monkeypatch: Any) -> None:
    open_shop()
    monkeypatch.setenv("CALLPATH_DAYS_TABLE", "gone")
    forget_caches()
    assert visit("v1")["kind"] == "overflow"
    assert "overflow_visitors_lost" in capsys.readouterr().out


def test_the_number_endpoint_notes_who_sees_the_overflow_number_and_nobody_else(table: Any) -> None:
    open_shop()
    stock(1)
    assert visit("v1")["kind"] == "dynamic"
    assert rows(table) == []
    assert visit("v2")["kind"] == "overflow"
    assert len(shown_before("p1", NOW, 60)) == 1
    assert sample() is sample()
