"""The number endpoint, from request to answer, on tables in memory."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import DisplayCondition, NumberState, SwapRule
from chalicelib.runtime.aws import dynamodb
from chalicelib.visits.visitor_key import visitor_key
from chalicelib.visits.visits_table import touches_between
from tests.conftest import SIGNING_KEY
from tests.pool.shop import NOW, POOL, SITE, number, open_shop, page, replace, stock, visit
from tests.requests import issue


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()
    stock(3)


def touches(visitor_id: str) -> list[str]:
    visitor = visitor_key("s1", visitor_id, SIGNING_KEY.encode()).hex()
    return [touch.url for touch in touches_between("s1", visitor, NOW, NOW + timedelta(days=1))]


def test_a_visitor_without_an_id_is_given_one_and_a_number() -> None:
    answer = visit()
    assert answer["visitor_id"].startswith("v")
    assert answer["kind"] == "dynamic"
    assert answer["number"] in {number(1), number(2), number(3)}
    assert (answer["expires_in"], answer["renew_in"]) == (360, 300)
    assert answer["swap"] == [{"number": "+74950000000"}]


def test_the_body_may_come_as_plain_text_with_fields_we_do_not_know() -> None:
    request = page(json.dumps({"url": "https://shop.example/", "screen": "1x1"}).encode(), content_type="text/plain")
    assert issue(request, "sk1")["kind"] == "dynamic"


def test_three_visitors_get_three_numbers_and_the_fourth_the_overflow_number() -> None:
    answers = [visit(f"v{place}", at=place) for place in range(4)]
    assert {answer["number"] for answer in answers[:3]} == {number(1), number(2), number(3)}
    assert (answers[3]["kind"], answers[3]["number"], answers[3]["lease"]) == ("overflow", "+74951110000", None)


def test_five_numbers_and_ten_visitors_give_four_dynamic_and_six_overflow() -> None:
    stock(1, first=4)
    kinds = [visit(f"v{place}")["kind"] for place in range(10)]
    assert [kinds.count("dynamic"), kinds.count("overflow")] == [4, 6]


def test_a_pool_without_an_overflow_number_leaves_the_pages_own() -> None:
    store.create_pool(replace(POOL, pool_id="p9", overflow_number=None, condition=DisplayCondition(regions=("RU",))))
    store.update_pool("s1", "p1", {"condition": DisplayCondition(regions=("KZ",))})
    snapshot.forget()
    answer = visit("v1", headers={"cloudfront_viewer_country": "RU"})
    assert (answer["kind"], answer["number"], answer["lease"], answer["swap"]) == ("original", None, None, [])


def test_a_renewal_keeps_the_number_and_costs_one_write() -> None:
    first = visit("v1")
    before = visit("v2", at=5)
    again = visit("v1", at=300, lease=first["lease"])
    assert again["number"] == first["number"] != before["number"]
    assert visit("v1", at=650, lease=again["lease"])["number"] == first["number"]


def test_a_visitor_who_returns_gets_the_number_back_while_it_is_free() -> None:
    first = visit("v1")
    visit("v2", at=10)
    assert visit("v1", at=7200, lease=first["lease"])["number"] == first["number"]
    assert visit("v1", at=14400)["number"] == first["number"]


def test_another_visitors_lease_is_ignored() -> None:
    first = visit("v1")
    assert visit("v2", lease=first["lease"])["number"] != first["number"]


def test_another_visitors_lease_spares_nobody_what_a_stranger_has_to_show() -> None:
    lease = visit("v1", url="https://shop.example/?utm_source=yandex")["lease"]
    crawler = {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    assert visit("v2", at=20, lease=lease, headers=crawler)["kind"] == "original"
    visit("v2", at=20, url="https://shop.example/?gclid=1", lease=lease)
    visit("v3", at=20, url="https://shop.example/doors", lease=lease)
    assert (touches("v2"), touches("v3")) == (["https://shop.example/?gclid=1"], ["https://shop.example/doors"])


@pytest.mark.parametrize("forged", ["x", "%%%", "A" * 80])
def test_a_forged_lease_is_ignored(forged: str) -> None:
    assert visit("v1", lease=forged)["kind"] == "dynamic"


def test_a_number_that_is_draining_stays_with_its_visitor_and_is_lent_to_nobody_else() -> None:
    first = visit("v1")
    store.change_number("s1", first["number"], {"state": NumberState.DRAINING})
    snapshot.forget()
    assert visit("v1", at=300, lease=first["lease"])["number"] == first["number"]
    others = [visit(f"w{place}", at=2000) for place in range(3)]
    assert first["number"] not in [answer["number"] for answer in others]
    assert visit("v1", at=2000, lease=first["lease"])["number"] != first["number"]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"origin": "https://thief.example"}, "a page of another site"),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "a crawler"),
        ({"user_agent": ""}, "nobody's browser"),
    ],
)
def test_strangers_see_the_pages_own_number_and_take_no_lease(headers: dict[str, str], why: str) -> None:
    answer = visit("v1", headers=headers)
    assert (answer["kind"], answer["lease"]) == ("original", None), why
    assert touches("v1") == []
    slots = PoolTable("p1").read([0])[0].slots
    assert not [slot for slot in slots if slot.visitor], why


def test_a_server_without_an_origin_header_counts_as_its_page() -> None:
    assert visit("v1", headers={"origin": ""})["kind"] == "dynamic"
    assert visit("v2", url="https://thief.example/", headers={"origin": ""})["kind"] == "original"


def test_pools_are_tried_in_their_order_by_display_condition() -> None:
    moscow = DisplayCondition(regions=("RU-MOW",), sources=("yandex",), landing_patterns=("/doors/*",))
    store.create_pool(replace(POOL, pool_id="p2", overflow_number=None, order=1, condition=moscow))
    stock(1, "p2", first=100)
    there = {"cloudfront_viewer_country": "RU", "cloudfront_viewer_country_region": "MOW"}
    url = "https://shop.example/doors/oak?utm_source=Yandex"
    answer = visit("v1", url=url, headers=there)
    assert answer["number"] == number(100)
    assert {"selector": ".tel"} in answer["swap"]
    assert visit("v2", url=url, headers=there)["number"] in {number(1), number(2), number(3)}, "the next one fitting"
    assert visit("v3", url=url)["number"] != number(100)


@pytest.mark.parametrize("swap", [(), (SwapRule(selector=".tel", pool_id="p2"),)])
def test_a_pool_that_no_rule_is_for_replaces_its_target_number(swap: tuple[SwapRule, ...]) -> None:
    store.update_site("s1", {"swap": swap})
    snapshot.forget()
    answers = [visit(f"v{place}") for place in range(4)]
    assert {answer["kind"] for answer in answers} == {"dynamic", "overflow"}
    assert [answer["swap"] for answer in answers] == [[{"number": POOL.target_number}]] * 4


def test_an_arrival_is_recorded_and_a_renewal_is_not() -> None:
    landing = "https://shop.example/?utm_source=yandex"
    first = visit("v1", url=landing)
    again = visit("v1", at=300, url=landing, lease=first["lease"])
    inner = visit("v1", at=310, url="https://shop.example/doors", lease=again["lease"], referrer=landing)
    visit("v1", at=400, url="https://shop.example/?gclid=1", lease=inner["lease"])
    visit("v1", at=9000, url="https://shop.example/", lease=inner["lease"])
    assert touches("v1") == [landing, "https://shop.example/?gclid=1", "https://shop.example/"]


def test_an_arrival_is_stored_while_a_number_is_found_and_before_the_page_is_answered() -> None:
    """Each of the two requests waits for the other: one after the other, they would wait for ever."""
    meet, events = threading.Barrier(2), dynamodb(hot=True).meta.events

    def wait(**_: Any) -> None:
        meet.wait(60)

    for operation in ("PutItem", "UpdateItem"):
        events.register_first(f"before-send.dynamodb.{operation}", wait)
    threads = threading.active_count()
    assert visit("v1")["kind"] == "dynamic"
    assert threading.active_count() == threads
    assert touches("v1") == ["https://shop.example/"]


def test_an_arrival_is_stored_where_no_number_can_be_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.runtime.settings import settings

    monkeypatch.setenv("CALLPATH_POOLS_TABLE", "no-such-table")
    settings.cache_clear()
    threads = threading.active_count()
    with pytest.raises(StorageUnavailable):
        visit("v1")
    assert threading.active_count() == threads
    assert touches("v1") == ["https://shop.example/"]


def test_a_failing_touch_does_not_stop_the_lease(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from chalicelib.runtime.settings import settings

    monkeypatch.setenv("CALLPATH_VISITORS_TABLE", "no-such-table")
    settings.cache_clear()
    assert visit("v1")["kind"] == "dynamic"
    assert "touch_lost" in capsys.readouterr().out


def test_an_unknown_site_key_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        issue(page({"url": "https://shop.example/"}), "nobody")
    assert caught.value.field == "site_key"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no json", "body"),
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://" + "a" * 9000}, "url"),
        ({"url": "https://shop.example/", "visitor_id": "a b"}, "visitor_id"),
        ({"url": "https://shop.example/", "visitor_id": "v" * 65}, "visitor_id"),
        ({"url": "https://shop.example/", "lease": "x" * 600}, "lease"),
    ],
)
def test_bad_input_is_named(body: Any, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        issue(page(body), "sk1")
    assert caught.value.field == field


def test_a_site_without_allowed_origins_serves_any_page() -> None:
    store.update_site("s1", {"allowed_origins": ()})
    snapshot.forget()
    assert SITE.allowed_origins
    assert visit("v1", headers={"origin": "https://elsewhere.example"})["kind"] == "dynamic"
