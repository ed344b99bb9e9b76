"""Promo codes as pages ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.contacts import take_promo
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable, TooManyRequests
from chalicelib.registry import snapshot, store
from chalicelib.runtime import aws as clients
from chalicelib.runtime.settings import settings
from chalicelib.visits import promo_code, promo_counts_table, promo_table, visits_table
from chalicelib.visits.visitor_key import visitor_key
from chalicelib.visits.visits_table import RawTouch, touches_between
from tests.conftest import SIGNING_KEY, forget_caches
from tests.pool.shop import NOW, open_shop, page, visit

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LANDING = "https://shop.example/?utm_source=yandex"


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()


def ask(visitor_id: str | None = "v1", url: str = LANDING, at: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    return take_promo.mint(page({"url": url, "visitor_id": visitor_id, **more}, NOW + at, **headers), "sk1").answer


def key_of(visitor_id: str) -> str:
    return visitor_key("s1", visitor_id, SIGNING_KEY.encode()).hex()


def kept(visitor_id: str = "v1") -> list[tuple[str, str]]:
    """What is kept of a visitor: kind and address, or code."""
    return [
        (row.get("type", "touch"), row.get("code", row["url"]))
        for row in visits_table.everything_of("s1", key_of(visitor_id))
    ]


def touches(visitor_id: str = "v1") -> tuple[RawTouch, ...]:
    return touches_between("s1", key_of(visitor_id), NOW - DAY, NOW + DAY)


def test_a_page_view_gets_a_code_that_leads_to_its_visitor_and_address() -> None:
    shown = ask()
    assert shown == {
        "visitor_id": "v1",
        "code": shown["code"],
        "spoken": promo_code.spoken(shown["code"]),
        "expires_in": 14 * 86_400,
    }
    assert promo_table.find("s1", shown["code"]) == promo_table.ShownCode(
        shown["code"], key_of("v1"), NOW, LANDING, NOW + 14 * DAY
    )


def test_the_same_page_gets_the_same_code_however_often_it_asks() -> None:
    first = ask()
    assert ask(url=LANDING + "#prices", at=3 * MINUTE)["code"] == first["code"]
    again = ask(at=5 * DAY)
    assert again == first
    assert [row for row in kept() if row[0] == "promo_shown"] == [("promo_shown", first["code"])]


def test_every_visitor_and_every_page_has_its_own() -> None:
    codes = [
        ask(who, f"https://shop.example/{where}")["code"] for who in ("v1", "v2", "v3") for where in ("", "a", "b")
    ]
    assert len(set(codes)) == 9


def test_who_has_no_id_yet_is_given_one() -> None:
    shown = ask(None)
    assert ask(shown["visitor_id"])["code"] == shown["code"]
    assert ask(None)["code"] != shown["code"]


def test_a_number_that_is_somebodys_is_passed_over_and_then_grows_a_digit() -> None:
    stolen = []
    for attempt in range(3):
        length = 7 + attempt // take_promo.GROWS_AFTER
        code = promo_code.make(length, settings().signing_key, "s1", key_of("v1"), LANDING, str(attempt))
        other = promo_table.ShownCode(code, "f" * 24, NOW, LANDING, NOW + DAY)
        assert promo_table.take("s1", other, NOW, 400 * DAY)
        stolen.append(code)
    shown = ask()
    assert shown["code"] not in stolen
    assert len(shown["code"]) == 8
    assert ask(at=MINUTE)["code"] == shown["code"]


def test_where_every_number_tried_is_taken_the_page_is_asked_to_try_again() -> None:
    for attempt in range(take_promo.TRIES):
        length = 7 + attempt // take_promo.GROWS_AFTER
        code = promo_code.make(length, settings().signing_key, "s1", key_of("v1"), LANDING, str(attempt))
        promo_table.take("s1", promo_table.ShownCode(code, "f" * 24, NOW, LANDING, NOW + DAY), NOW, 400 * DAY)
    with pytest.raises(StorageUnavailable):
        ask()


def test_a_site_with_many_codes_gets_longer_ones() -> None:
    site = store.site("s1")
    assert site is not None
    for digits, made in ((7, 10_000), (8, 10_001), (9, 100_001)):
        table = clients.dynamodb()
        item = {"pk": {"S": "s1#promo"}, "sk": {"N": str(int(NOW.timestamp()) // 86_400)}, "n": {"N": str(made)}}
        table.put_item(TableName=settings().visitors_table, Item=item)
        forget_caches()
        assert promo_counts_table.made(site, NOW) == made
        assert len(ask(url=f"https://shop.example/{digits}")["code"]) == digits


def test_codes_made_are_counted_about_once_each() -> None:
    site = store.site("s1")
    assert site is not None
    for number in range(800):
        code = promo_code.make(7, b"k", str(number))
        promo_counts_table.add(site, promo_table.ShownCode(code, "a" * 24, NOW, LANDING, NOW + DAY))
    assert 600 < promo_counts_table.made(site, NOW) < 1000
    forget_caches()
    assert promo_counts_table.made(site, NOW + 45 * DAY) == 0


def test_a_page_that_asks_again_counts_once() -> None:
    for number in range(40):
        for _ in range(3):
            ask("v1", f"https://shop.example/{number}")
    once = sum(
        promo_counts_table.SAMPLED
        for row in visits_table.everything_of("s1", key_of("v1"))
        if "code" in row and promo_counts_table.is_sampled(row["code"])
    )
    forget_caches()
    site = store.site("s1")
    assert site is not None and promo_counts_table.made(site, NOW) == once > 0


def test_crawlers_and_pages_of_other_sites_get_none_and_leave_nothing() -> None:
    bot = {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    for headers in ({"origin": "https://thief.example"}, bot):
        assert ask(headers=headers) == {"visitor_id": "v1", "code": None, "spoken": None, "expires_in": None}
    assert clients.dynamodb().scan(TableName=settings().visitors_table)["Items"] == []


def test_an_address_gets_so_many_an_hour_and_no_more() -> None:
    def from_network(visitor_id: str, hour: int = 0) -> Any:
        request = page({"url": LANDING, "visitor_id": visitor_id}, NOW + hour * timedelta(hours=1))
        return take_promo.mint(replace(request, source_ip="198.41.0.4"), "sk1").answer["code"]

    assert from_network("v1")
    table, name = clients.dynamodb(), settings().visitors_table
    (counted,) = [item for item in table.scan(TableName=name)["Items"] if "#promo-by#" in item["pk"]["S"]]
    assert "198.41.0.4" not in str(counted)
    table.put_item(TableName=name, Item=counted | {"n": {"N": str(promo_counts_table.MOST_AN_HOUR - 1)}})
    assert from_network("v2")
    with pytest.raises(TooManyRequests):
        from_network("v3")
    assert kept("v3") == []
    assert ask("v3")["code"]
    assert from_network("v3", hour=1)


def test_codes_expire_by_the_sites_setting_and_no_later_than_visits_are_forgotten() -> None:
    store.update_site("s1", {"promo_days": 30})
    snapshot.forget()
    assert ask()["expires_in"] == 30 * 86_400
    store.update_site("s1", {"retention_days": 20})
    snapshot.forget()
    assert ask("v2")["expires_in"] == 20 * 86_400


def test_the_arrival_is_a_touch_where_no_number_is_asked_for() -> None:
    ask(referrer="https://yandex.ru/")
    ask(url="https://shop.example/prices", at=5 * MINUTE, referrer="https://shop.example/")
    assert touches() == (RawTouch(NOW, LANDING, "https://yandex.ru/", ""),)
    ask(url="https://shop.example/?utm_source=vk", at=6 * MINUTE)
    ask(url="https://shop.example/prices", at=2 * timedelta(hours=1))
    assert [touch.url for touch in touches()][1:] == [
        "https://shop.example/?utm_source=vk",
        "https://shop.example/prices",
    ]


def test_the_arrival_is_one_touch_where_a_number_is_asked_for_as_well() -> None:
    visit("v1", 0, LANDING, referrer="https://yandex.ru/")
    ask(at=timedelta(seconds=1), referrer="https://yandex.ru/")
    assert touches() == (RawTouch(NOW, LANDING, "https://yandex.ru/", ""),)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "ftp://shop.example/"}, "url"),
        ({"url": None}, "url"),
        ({"visitor_id": "not an id"}, "visitor_id"),
        ({"referrer": 7}, "referrer"),
    ],
)
def test_bad_input_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        take_promo.mint(page({"url": LANDING, "visitor_id": "v1", **fields}), "sk1")
    assert caught.value.field == field


def test_a_site_that_nobody_has_is_not_found() -> None:
    with pytest.raises(NotFound):
        take_promo.mint(page({"url": LANDING}), "nobody")
