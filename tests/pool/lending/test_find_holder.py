"""Who held a number, asked of stored history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, TrackingNumber
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import SIGNING_KEY
from tests.pool.shop import NOW, number, open_shop, stock, visit


def test_every_holder_of_many_hours_is_found_by_one_query(aws: Any) -> None:
    open_shop()
    stock(3)
    held = []
    for place in range(60):
        answer = visit(f"v{place}", at=200 * place)
        held.append((answer["number"], f"v{place}", NOW + timedelta(seconds=200 * place)))
    assert len({number for number, _, _ in held}) == 3
    for phone, visitor_id, leased in held:
        owner = store.number_of_site("s1", phone)
        assert owner is not None
        for seconds in (5, 355):
            found = holder_at(owner, leased + timedelta(seconds=seconds), 1800, NOW + timedelta(hours=4))
            assert found.visitor == visitor_key("s1", visitor_id, SIGNING_KEY.encode()).hex()
            assert (found.certainty, found.leased_at) == ("live", leased)
    kept = [item for item in _items(aws) if "x" in item]
    assert len(kept) >= 2, "the closed leases were archived into chunks"
    assert all(int(item["x"]["N"]) > (NOW + timedelta(days=89)).timestamp() for item in kept)


def test_a_static_number_has_no_holder() -> None:
    owner = TrackingNumber(number(1), "s1", NumberKind.STATIC)
    assert holder_at(owner, NOW, 1800, NOW).certainty == "unknown"


def _items(aws: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName="test-PoolsTable")["Items"]
    return found
