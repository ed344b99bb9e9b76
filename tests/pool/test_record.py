"""What visitors do on the page, beside the touches that brought them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import aws as clients
from chalicelib.errors import BadInput
from chalicelib.pool.lease_token import visitor_key
from chalicelib.pool.record import record
from chalicelib.pool.visits import RawTouch, record_touch, touches_between
from tests.conftest import SIGNING_KEY
from tests.pool.shop import NOW, open_shop, page

VISITOR = visitor_key("s1", "v1", SIGNING_KEY.encode()).hex()


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()


def send(**fields: Any) -> Any:
    headers = fields.pop("headers", {})
    body = {"visitor_id": "v1", "type": "tel_click", "url": "https://shop.example/", **fields}
    return record(page(body, **headers), "sk1")["recorded"]


def stored() -> list[dict[str, Any]]:
    items = clients.client("dynamodb").scan(TableName="test-VisitorsTable")["Items"]
    return sorted(items, key=lambda item: item.get("type", {"S": ""})["S"])


def test_two_events_of_one_moment_are_both_kept_and_a_repetition_once() -> None:
    assert [send(), send(), send(type="promo_shown", code="A-17")] == [True] * 3
    assert [(item["type"]["S"], item.get("code")) for item in stored()] == [
        ("promo_shown", {"S": "A-17"}),
        ("tel_click", None),
    ]


def test_events_are_no_touches() -> None:
    touch = RawTouch(NOW, "https://shop.example/?utm_source=a", "", "RU")
    record_touch("s1", VISITOR, touch)
    send()
    assert touches_between("s1", VISITOR, NOW - timedelta(days=1), NOW + timedelta(days=1)) == (touch,)
    assert len(stored()) == 2


def test_the_browsers_time_is_kept_when_it_is_credible() -> None:
    assert send(at="2026-11-02T08:30:00Z")
    assert stored()[0]["sk"]["N"].startswith("1793608200000.")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "nonsense"}, "type"),
        ({"visitor_id": ""}, "visitor_id"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"url": "ftp://shop.example/"}, "url"),
        ({"code": "not a code"}, "code"),
    ],
)
def test_bad_input_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        send(**fields)
    assert caught.value.field == field
    assert stored() == []


def test_crawlers_and_pages_of_other_sites_leave_nothing() -> None:
    assert not send(headers={"origin": "https://thief.example"})
    assert not send(headers={"user_agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"})
    assert stored() == []
