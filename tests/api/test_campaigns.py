from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber
from tests.api.conftest import Api
from tests.factories import NOW

ZONE = ZoneInfo("Europe/Moscow")  # of the site
PATH = "/manage/sites/s1/campaigns"
NEW = {"name": "Spring", "match": {"source": "yandex", "campaign": "338151"}, "starts_on": "2026-03-01"}


def test_a_campaign_is_added_read_changed_and_emptied(account: Api) -> None:
    made = account.post(PATH, NEW | {"target_talk_seconds": 30})

    assert made.status_code == 201
    item = f"{PATH}/{made.json_body['campaign_id']}"
    assert account.get(PATH).json_body == {"campaigns": [made.json_body]}
    changed = account.patch(item, {"target_talk_seconds": None, "ends_on": "2026-05-31"}).json_body
    assert changed == made.json_body | {"target_talk_seconds": None, "ends_on": "2026-05-31"}
    assert account.get(item).json_body == changed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"match": {"colour": "red"}}, "match.colour"),
        ({"match": {"source": 5}}, "match[...]"),
        ({"match": {"source": "x" * 501}}, "match.source"),
        ({"platform_ids": {"yandex": "1"}}, "platform_ids.yandex"),
        ({"platform_ids": {"yandex_direct": "brand 1"}}, "platform_ids.yandex_direct"),
        ({"creatives": [str(place) for place in range(101)]}, "creatives"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"ends_on": "2026-02-01"}, "ends_on"),
        ({"channel": " "}, "channel"),
        ({"target_talk_seconds": -1}, "target_talk_seconds"),
    ],
)
def test_a_wrong_field_is_named(account: Api, wrong: dict[str, Any], field: str) -> None:
    answer = account.post(PATH, NEW | wrong)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert account.get(PATH).json_body == {"campaigns": []}


def test_an_archived_campaign_takes_its_numbers_with_it(account: Api) -> None:
    campaign_id = account.post(PATH, NEW).json_body["campaign_id"]
    number = TrackingNumber("+74990000001", "s1", NumberKind.STATIC, campaign_id=campaign_id)
    other = TrackingNumber("+74990000002", "s1", NumberKind.STATIC, campaign_id="c-other")
    store.put_numbers("s1", [number, other])

    account.patch(f"{PATH}/{campaign_id}", {"archived": True})

    states = {each.number: each.state for each in store.numbers_of("s1")}
    assert states["+74990000001"] is NumberState.ARCHIVED
    assert states["+74990000002"] is NumberState.ACTIVE


def test_an_unknown_campaign_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/c9").status_code == 404
    assert account.patch(f"{PATH}/c9", {"name": "x"}).status_code == 404


def test_it_is_recognised_by_ids_and_creatives_too(account: Api) -> None:
    ids = {"platform_ids": {"yandex_direct": "592928737383", "google_ads": [" 1 ", "1"], "vk_ads": []}}
    made = account.post(
        PATH, NEW | ids | {"creatives": ["777", " "], "match": {"source": " vk ", "medium": ""}}
    ).json_body
    assert made["platform_ids"] == {"yandex_direct": ["592928737383"], "google_ads": ["1"]}
    assert (made["creatives"], made["match"]) == (["777"], {"source": "vk"})


def test_word_of_mouth_is_no_campaigns_channel(account: Api) -> None:
    refused = account.post(PATH, {"name": "x", "channel": "Word of mouth"})
    assert (refused.status_code, refused.json_body["field"]) == (400, "channel")


def test_a_channel_of_ours_may_be_written_as_people_say_it(account: Api) -> None:
    made = [
        account.post(PATH, NEW | {"channel": name}).json_body["channel"]
        for name in ("Paid  Search", "paid_search", "SEO")
    ]
    assert made == ["paid_search", "paid_search", "SEO"]


def test_an_archived_campaign_ends_today_at_the_latest(account: Api) -> None:
    account, today = account.at(NOW), NOW.astimezone(ZONE).date()
    for ends_on, last in ((None, today), (today + timedelta(9), today), (date(2026, 3, 9), date(2026, 3, 9))):
        made = account.post(
            PATH, NEW | {"starts_on": "2026-03-01", "ends_on": ends_on and ends_on.isoformat()}
        ).json_body
        changed = account.patch(f"{PATH}/{made['campaign_id']}", {"archived": True}).json_body
        assert changed["ends_on"] == min(last, today).isoformat()
        again = account.patch(f"{PATH}/{made['campaign_id']}", {"name": "renamed"}).json_body
        assert again["ends_on"] == changed["ends_on"]


def test_what_a_campaign_may_change_is_counted_anew(account: Api) -> None:
    account, today = account.at(NOW), NOW.astimezone(ZONE).date()
    account.post(PATH, {"name": "billboard"})
    assert changed_days_table.changed_days() == []  # nothing that came before can be its own
    campaign_id = account.post(PATH, NEW | {"name": "x", "starts_on": None}).json_body["campaign_id"]
    assert {each.day for each in changed_days_table.changed_days()} == {today - timedelta(ago) for ago in range(31)}
    _settle()
    account.patch(f"{PATH}/{campaign_id}", {"name": "x"})
    assert changed_days_table.changed_days() == []  # nothing changed
    account.patch(f"{PATH}/{campaign_id}?recompute_days=2", {"name": "y"})
    assert {each.day for each in changed_days_table.changed_days()} == {today, today - timedelta(1)}
    _settle()
    account.post(f"{PATH}?recompute_days=0", NEW | {"name": "z"})
    assert changed_days_table.changed_days() == []
    account.post(PATH, NEW | {"name": "new", "starts_on": today.isoformat()})
    assert [each.day for each in changed_days_table.changed_days()] == [today]  # nothing can have fitted before
    assert account.post(f"{PATH}?recompute_days=-1", {"name": "z"}).json_body["field"] == "recompute_days"


def _settle() -> None:
    for each in changed_days_table.changed_days():
        changed_days_table.forget(each)
