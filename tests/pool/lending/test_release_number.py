"""Giving a number back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import BadInput, NotFound
from chalicelib.pool.lending.release_number import release
from tests.pool.shop import NOW, open_shop, page, stock, visit


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()
    stock(1)


def give_back(visitor_id: str, lease: str, at: float) -> Any:
    return release(page({"visitor_id": visitor_id, "lease": lease}, NOW + timedelta(seconds=at)), "sk1")["released"]


def test_a_released_number_is_free_after_the_grace_and_not_before() -> None:
    lease = visit("v1")["lease"]
    assert give_back("v1", lease, at=20)
    assert visit("v2", at=110)["kind"] == "overflow"
    assert visit("v2", at=120)["kind"] == "dynamic"


def test_a_release_may_be_repeated_and_never_lengthens_the_lease() -> None:
    lease = visit("v1")["lease"]
    assert [give_back("v1", lease, at=20), give_back("v1", lease, at=25), give_back("v1", lease, at=350)] == [True] * 3
    assert visit("v2", at=120)["kind"] == "dynamic"


def test_a_number_lent_to_somebody_else_since_is_not_taken_from_them() -> None:
    lease = visit("v1")["lease"]
    other = visit("v2", at=1000)
    assert other["kind"] == "dynamic"
    assert not give_back("v1", lease, at=1001)
    assert visit("v3", at=1200)["kind"] == "overflow"


def test_a_lease_that_is_forged_or_another_visitors_is_named() -> None:
    lease = visit("v1")["lease"]
    for visitor_id, token in (("v1", "forged"), ("v2", lease), ("v1", lease[:-4] + "AAAA")):
        with pytest.raises(BadInput) as caught:
            give_back(visitor_id, token, at=10)
        assert caught.value.field == "lease"


def test_an_unknown_site_key_is_named() -> None:
    with pytest.raises(NotFound):
        release(page({"visitor_id": "v1", "lease": "x"}), "nobody")
