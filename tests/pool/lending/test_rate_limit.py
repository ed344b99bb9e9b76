"""Who counts as one address, how many pages it may open, and how much is left to others when it floods."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.pool.lending import census_table
from chalicelib.pool.lending.address_quota import numbers_for_one
from chalicelib.pool.lending.container_cache import ContainerCache
from chalicelib.pool.lending.rate_limit import ADDRESSES, NEWCOMERS, RateLimit, address_key
from chalicelib.pool.lending.release_number import release
from chalicelib.registry import snapshot, store
from chalicelib.runtime.settings import settings
from chalicelib.visits.visitor_key import visitor_key
from chalicelib.visits.visits_table import touches_between
from tests.pool.shop import NOW, POOL, SITE, open_shop, page, replace, stock
from tests.requests import issue

ONE, OTHER = "93.184.216.34", "2a02:6b8:1:2::1"
CONTAINERS, REQUESTS = 4, 400


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (ONE, ONE),
        ("::ffff:93.184.216.34", ONE),
        (OTHER, "2a0206b800010002"),
        ("2a02:6b8:1:2:ffff::9", "2a0206b800010002"),
        ("127.0.0.1", None),
        ("10.0.0.7", None),
        ("fd00::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
    ],
)
def test_an_address_counts_as_its_customers_network_and_a_private_one_not_at_all(address: str, key: str | None) -> None:
    assert address_key(address) == key


def test_newcomers_are_counted_by_the_minute() -> None:
    rate_limit = RateLimit()
    assert [rate_limit.admits(ONE, 60 + place / 2) for place in range(NEWCOMERS + 1)] == [True] * NEWCOMERS + [False]
    assert rate_limit.admits(ONE, 120)
    assert all(rate_limit.admits("127.0.0.1", 60) for _ in range(3 * NEWCOMERS))


def test_a_container_remembers_only_so_many_addresses() -> None:
    rate_limit = RateLimit()
    for place in range(ADDRESSES + 500):
        rate_limit.admits(f"93.{place >> 16}.{place >> 8 & 255}.{place & 255}", 60)
    assert len(rate_limit) == ADDRESSES


# ---- a flood, through the task itself, against several containers ---------------------------------------------------


class Flood:
    """Four containers, each with its own memory, and requests that reach one of them at random."""

    def __init__(self) -> None:
        self.containers = [ContainerCache() for _ in range(CONTAINERS)]
        self.rng = random.Random(5)

    def ask(self, at: float, address: str, visitor_id: str | None = None, **more: Any) -> dict[str, Any]:
        body = {"url": "https://shop.example/", "visitor_id": visitor_id}
        request = replace(page(body, NOW + timedelta(seconds=at), **more), source_ip=address)
        return issue(request, "sk1", self.rng.choice(self.containers))

    def others(self, at: float) -> int:
        """How many of fifty visitors from as many other addresses get a number of their own."""
        asked = [self.ask(at, f"93.1.1.{place}", f"other{place}") for place in range(50)]
        return sum(answer["kind"] == "dynamic" for answer in asked)


@pytest.fixture
def flood(aws: Any) -> Flood:
    open_shop()
    stock(50)
    return Flood()


def test_a_flood_from_one_address_leaves_most_numbers_to_others(flood: Flood) -> None:
    answers = [flood.ask(place / 20, ONE) for place in range(REQUESTS)]
    taken = {answer["number"] for answer in answers if answer["kind"] == "dynamic"}
    assert len(taken) == numbers_for_one(50, POOL.address_percent) == 5
    assert {answer["kind"] for answer in answers} == {"dynamic", "overflow"}
    assert flood.others(at=REQUESTS / 20) == 45


def test_without_the_limit_the_same_flood_takes_every_number(flood: Flood) -> None:
    store.update_pool("s1", "p1", {"address_percent": 100})
    snapshot.forget()
    taken = {flood.ask(place / 20, ONE)["number"] for place in range(REQUESTS)}
    assert len(taken - {POOL.overflow_number}) == 50
    assert flood.others(at=REQUESTS / 20) == 0
    (row,) = census_table.minutes("p1", NOW, NOW + timedelta(minutes=1))
    assert row.refused == 0


def test_a_flood_from_one_visitor_takes_at_most_a_number_a_group(flood: Flood) -> None:
    answers = [flood.ask(place / 20, ONE, "same") for place in range(REQUESTS)]
    taken = {answer["number"] for answer in answers if answer["kind"] == "dynamic"}
    assert 1 <= len(taken) <= CONTAINERS
    assert flood.others(at=REQUESTS / 20) == 50 - len(taken)


def test_a_forwarded_address_is_not_believed(flood: Flood) -> None:
    asked = [flood.ask(place / 20, ONE, x_forwarded_for=f"93.2.2.{place}") for place in range(100)]
    assert len({answer["number"] for answer in asked if answer["kind"] == "dynamic"}) == 5


def test_a_flood_is_seen_in_the_census_but_not_taken_for_a_pool_too_small(flood: Flood) -> None:
    for place in range(100):
        flood.ask(place / 20, ONE)
    flood.others(at=30)
    (row,) = census_table.minutes("p1", NOW, NOW + timedelta(minutes=1))
    assert row.overflow <= 5 < row.refused  # five others found nothing left


def test_beyond_the_newcomers_of_a_minute_not_even_the_arrival_is_written(aws: Any) -> None:
    open_shop()
    stock(3)
    cache = ContainerCache()
    for place in range(NEWCOMERS + 5):
        body = {"url": "https://shop.example/", "visitor_id": "same"}
        last = issue(replace(page(body, NOW + timedelta(milliseconds=place)), source_ip=ONE), "sk1", cache)
    visitor = visitor_key("s1", "same", settings().signing_key).hex()
    assert last["kind"] == "overflow"
    assert len(touches_between("s1", visitor, NOW, NOW + timedelta(minutes=1))) == NEWCOMERS


def test_one_lease_lets_nobody_but_its_visitor_past_the_newcomers_of_a_minute(aws: Any) -> None:
    open_shop()
    stock(3)
    cache = ContainerCache()

    def ask(visitor_id: str, lease: str | None = None) -> dict[str, Any]:
        body = {"url": f"https://shop.example/?gclid={visitor_id}", "visitor_id": visitor_id, "lease": lease}
        return issue(replace(page(body, NOW), source_ip=ONE), "sk1", cache)

    lease = ask("mine")["lease"]
    for place in range(NEWCOMERS):
        ask(f"other{place}", lease)
    late = ask("late", lease)
    assert (late["kind"], ask("mine", lease)["kind"]) == ("overflow", "dynamic")
    visitor = visitor_key("s1", "late", settings().signing_key).hex()
    assert touches_between("s1", visitor, NOW, NOW + timedelta(minutes=1)) == ()


def test_a_visitor_with_a_lease_is_renewed_also_from_a_flooding_address(flood: Flood) -> None:
    mine = flood.ask(0, ONE, "mine")
    for place in range(REQUESTS):
        flood.ask(1 + place / 20, ONE)
    body = {"url": "https://shop.example/", "visitor_id": "mine", "lease": mine["lease"]}
    request = replace(page(body, NOW + timedelta(seconds=300)), source_ip=ONE)
    assert issue(request, "sk1", flood.containers[0])["number"] == mine["number"]


def test_a_number_given_back_frees_the_address_share_after_its_grace(aws: Any) -> None:
    open_shop()
    stock(12)

    def ask(visitor_id: str, at: float) -> dict[str, Any]:
        request = page({"url": "https://shop.example/", "visitor_id": visitor_id}, NOW + timedelta(seconds=at))
        return issue(replace(request, source_ip=ONE), SITE.site_key)

    first = [ask(f"v{place}", 0) for place in range(3)]
    assert ask("v3", 1)["kind"] == "overflow"
    gone = {"visitor_id": first[0]["visitor_id"], "lease": first[0]["lease"]}
    release(replace(page(gone, NOW + timedelta(seconds=10)), source_ip=ONE), SITE.site_key)
    assert ask("v3", 11)["kind"] == "overflow"
    assert ask("v3", 113)["kind"] == "dynamic"
