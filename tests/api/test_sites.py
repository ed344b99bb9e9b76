from __future__ import annotations

from typing import Any

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.registry import snapshot, store
from chalicelib.runtime.settings import settings
from tests.api.conftest import Api
from tests.factories import NOW, SITE

NEW = {"name": "bricks.example", "time_zone": "Asia/Yekaterinburg", "currency": "rub", "country": "ru"}


def test_a_new_site_is_read_back_normalised_with_its_snippet(account: Api) -> None:
    swap = [{"number": "8 (495) 123-45-67"}, {"selector": ".phone"}]
    body = NEW | {
        "allowed_origins": ["HTTPS://Bricks.example/", "https://кирпичи.рф"],
        "swap": swap,
        "lookback_days": 30,
    }

    made = account.post("/manage/sites", body)

    assert made.status_code == 201
    site = made.json_body
    assert account.get(f"/manage/sites/{site['site_id']}").json_body == site
    assert (site["account_id"], site["currency"], site["country"]) == ("acc1", "RUB", "RU")
    assert site["allowed_origins"] == ["https://bricks.example", "https://xn--h1aaaf0af5c.xn--p1ai"]
    assert site["swap"][0]["number"] == "+74951234567"
    assert (site["lookback_days"], site["call_grace_seconds"], site["model"]) == (30, 1800, "last_non_direct")
    assert f"https://calls.example.com/api/v1/sites/{site['site_key']}/snippet.js" in site["snippet"]
    assert snapshot.site_by_key(site["site_key"], NOW) is not None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time_zone": "Moscow"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"currency": "RUR"}, "currency"),
        ({"currency": "roubles"}, "currency"),
        ({"country": "Russia"}, "country"),
        ({"country": "XX"}, "country"),
        ({"allowed_origins": ["https://ok.example", "shop.example"]}, "allowed_origins[1]"),
        ({"allowed_origins": ["https://shop.example/page"]}, "allowed_origins[0]"),
        ({"allowed_origins": "https://shop.example"}, "allowed_origins"),
        ({"model": "magic"}, "model"),
        ({"model": "time_decay:0d"}, "model"),
        ({"model": "position_based:40/40/40"}, "model"),
        ({"repeat_rule": "always"}, "repeat_rule"),
        ({"share_credit": "yes"}, "share_credit"),
        ({"swap": [{"number": "12"}]}, "swap[0].number"),
        ({"swap": [{}]}, "swap[0]"),
        ({"lookback_days": 0}, "lookback_days"),
        ({"promo_days": 0}, "promo_days"),
        ({"promo_days": 91}, "promo_days"),
        ({"target_talk_seconds": "ten"}, "target_talk_seconds"),
        ({"name": ""}, "name"),
        ({"language": "russian"}, "language"),
        ({"language": "ru"}, "language"),
        ({"transcripts": "yes"}, "transcripts"),
        ({"phrases": ["доставка", "?!"]}, "phrases[1]"),
        ({"phrases": ["слово " * 11]}, "phrases[0]"),
        ({"phrases": [f"фраза {n}" for n in range(51)]}, "phrases"),
        ({"destinations": [{"kind": "pigeon", "options": {}}]}, "destinations[0].kind"),
        ({"destinations": [{"kind": "webhook", "options": {"secret": "x"}}]}, "destinations[0].options.url"),
        (
            {"destinations": [{"kind": "webhook", "options": {"url": "https://x.example"}}]},
            "destinations[0].options.secret",
        ),
        (
            {"destinations": [{"kind": "webhook", "options": {"url": "file:///x", "secret": "x"}}]},
            "destinations[0].options.url",
        ),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(account: Api, wrong: dict[str, Any], field: str) -> None:
    created = account.post("/manage/sites", NEW | wrong)
    changed = account.patch("/manage/sites/s1", wrong)

    for answer in (created, changed):
        assert (answer.status_code, answer.json_body["field"]) == (400, field), answer.json_body
    assert store.all_sites() == (SITE,)


@pytest.mark.parametrize("missing", ["name", "time_zone", "currency", "country"])
def test_a_missing_field_is_named(account: Api, missing: str) -> None:
    answer = account.post("/manage/sites", {name: value for name, value in NEW.items() if name != missing})

    assert (answer.status_code, answer.json_body["field"]) == (400, missing)


def test_only_the_fields_sent_are_changed(account: Api) -> None:
    before = account.get("/manage/sites/s1").json_body

    changed = account.patch("/manage/sites/s1", {"model": "linear", "unknown": 1})

    assert changed.json_body == before | {"model": "linear"}
    assert account.get("/manage/sites/s1").json_body == changed.json_body


def test_the_operator_says_whose_site_it_is(account: Api, operator: Api) -> None:
    assert operator.post("/manage/sites", NEW).json_body["field"] == "account_id"
    assert operator.post("/manage/sites", NEW | {"account_id": "acc1"}).status_code == 201
    assert operator.post("/manage/sites", NEW | {"account_id": "acc9"}).status_code == 404


def test_lists_hold_what_the_key_may_see(account: Api, stranger: Api, operator: Api) -> None:
    def listed(api: Api, query: str = "") -> list[str]:
        return [site["site_id"] for site in api.get(f"/manage/sites{query}").json_body["sites"]]

    assert listed(account) == ["s1"]
    assert listed(stranger) == ["s2"]
    assert listed(operator) == ["s1", "s2"]
    assert listed(operator, "?account_id=acc2") == ["s2"]
    assert stranger.get("/manage/sites?account_id=acc1").status_code == 404


def test_a_rotated_key_replaces_the_old_one(account: Api) -> None:
    rotated = account.post("/manage/sites/s1/rotate-key").json_body

    assert rotated["site_key"] != SITE.site_key
    assert snapshot.site_by_key(SITE.site_key, NOW) is None
    assert snapshot.site_by_key(rotated["site_key"], NOW) is not None


def test_the_secrets_of_destinations_are_not_shown_nor_overwritten_by_their_mask(account: Api) -> None:
    options = {"url": "https://crm.example/calls", "secret": "s3cr3t-value-of-the-hook"}

    changed = account.patch("/manage/sites/s1", {"destinations": [{"kind": "webhook", "options": options}]})

    assert changed.status_code == 200, changed.json_body
    assert "s3cr3t" not in changed.body.decode()
    again = account.patch("/manage/sites/s1", {"destinations": changed.json_body["destinations"]})
    assert again.json_body["field"] == "destinations[0].options.secret"
    assert store.site("s1").destinations[0].options == options  # type: ignore[union-attr]


def test_transcripts_are_switched_on_and_off_with_their_language_and_phrases(account: Api) -> None:
    before = account.get("/manage/sites/s1").json_body
    assert (before["transcripts"], before["language"], before["phrases"]) == (False, None, [])
    assert before["delete_carrier_recordings"] is False

    changed = {"transcripts": True, "language": "kk-KZ", "phrases": [" Счёт ", "счет", "цена"]}
    site = account.patch("/manage/sites/s1", changed | {"delete_carrier_recordings": True}).json_body

    assert (site["transcripts"], site["language"], site["phrases"]) == (True, "kk-KZ", ["Счёт", "цена"])
    assert site["delete_carrier_recordings"] is True
    assert account.patch("/manage/sites/s1", {"transcripts": False, "language": None}).json_body["language"] is None


def test_a_models_spec_is_kept_in_its_one_form(account: Api) -> None:
    body = NEW | {"model": "Custom: last=50, first=30", "repeat_rule": "first", "share_credit": False}
    site = account.post("/manage/sites", body).json_body
    assert site["model"] == "custom:first=30,middle=0,last=50,direct=100"
    assert (site["repeat_rule"], site["share_credit"]) == ("first", False)


@pytest.mark.parametrize(
    ("change", "query", "marked"),
    [
        ({"repeat_rule": "model"}, "", 31),
        ({"lookback_days": 7}, "?recompute_days=3", 3),
        ({"repeat_rule": "new_visit"}, "", 0),
        ({"name": "other"}, "", 0),
    ],
)
def test_what_counts_calls_recounts_days(account: Api, change: dict[str, Any], query: str, marked: int) -> None:
    site_id = account.post("/manage/sites", NEW).json_body["site_id"]
    assert account.patch(f"/manage/sites/{site_id}{query}", change).status_code == 200
    assert len([each for each in changed_days_table.changed_days() if each.site_id == site_id]) == marked


TOKEN = "123456:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("telegram", {"chat_id": "-100"}, "token"),
        ("telegram", {"chat_id": "-100", "token": "my bot"}, "token"),
        ("telegram", {"chat_id": "the sales chat", "token": TOKEN}, "chat_id"),
        ("telegram", {"chat_id": "-100", "token": TOKEN, "calls": "lost"}, "calls"),
        ("telegram", {"chat_id": "-100", "token": TOKEN, "language": "xx"}, "language"),
        ("email", {}, "to"),
        ("email", {"to": "boss@shop.example, desk"}, "to"),
        ("email", {"to": ",".join(["boss@shop.example"] * 51)}, "to"),
        ("email", {"to": "boss@shop.example\nBcc: x@shop.example"}, "to"),
    ],
)
def test_a_wrong_option_of_an_alert_is_named(
    account: Api, monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, str], field: str
) -> None:
    monkeypatch.setenv("CALLPATH_ALERT_SENDER", "calls@callpath.example")
    settings.cache_clear()
    answer = account.patch("/manage/sites/s1", {"destinations": [{"kind": kind, "options": options}]})
    assert (answer.status_code, answer.json_body["field"]) == (400, f"destinations[0].options.{field}")


def test_a_bots_token_is_never_shown_again(account: Api) -> None:
    options = {"token": TOKEN, "chat_id": "-100123", "calls": "all", "language": "ru"}
    account.patch("/manage/sites/s1", {"destinations": [{"kind": "telegram", "options": options}]})
    shown = account.get("/manage/sites/s1")
    assert shown.json_body["destinations"] == [{"kind": "telegram", "options": options | {"token": "(set)"}}]
    assert TOKEN.encode() not in shown.body


def test_a_stack_without_a_sender_promises_no_mail(account: Api) -> None:
    destinations = [{"kind": "email", "options": {"to": "boss@shop.example"}}]
    answer = account.patch("/manage/sites/s1", {"destinations": destinations})
    assert (answer.status_code, answer.json_body["field"]) == (400, "destinations[0].kind")
