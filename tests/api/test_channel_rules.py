"""Channel rules over HTTP: whose they are, what is refused and how it is named, and trying one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.registry import store
from chalicelib.registry.types import Campaign
from tests.api.conftest import Api
from tests.factories import NOW

PATH = "/manage/channel-rules"
RULE = {"name": "CPA", "when": [{"part": "medium", "value": "cpa"}], "channel": "Партнёры", "source": "CPA"}


def with_rule(**changes: Any) -> dict[str, Any]:
    return {"rules": [RULE, RULE, RULE, RULE | changes]}


def test_rules_are_read_replaced_and_counted_by_version(account: Api) -> None:
    assert account.get(PATH).json_body["rules"] == []
    written = account.send("PUT", PATH, {"rules": [RULE], "version": 0}).json_body
    assert written["version"] == 1
    assert written["rules"] == [
        {
            "name": "CPA",
            "when": [{"part": "medium", "compare": "exact", "values": ["cpa"]}],
            "channel": "Партнёры",
            "source": "cpa",
            "medium": None,
        }
    ]
    assert account.get(PATH).json_body["rules"] == written["rules"]
    assert account.send("PUT", PATH, {"rules": written["rules"], "version": 1}).json_body["rules"] == written["rules"]
    late = account.send("PUT", PATH, {"rules": [], "version": 1})
    assert (late.status_code, late.json_body["field"]) == (409, "version")


def test_changing_them_marks_the_last_days_of_every_site_of_the_account(account: Api, stranger: Api) -> None:
    today = NOW.astimezone(ZoneInfo("Europe/Moscow")).date()
    answer = account.at(NOW).send("PUT", f"{PATH}?recompute_days=3", {"rules": [RULE]}).json_body["recomputed"]
    assert answer == {"days": 3, "from": (today - timedelta(2)).isoformat()}
    assert [(each.site_id, each.day) for each in changed_days_table.changed_days()] == [
        ("s1", today - timedelta(2)),
        ("s1", today - timedelta(1)),
        ("s1", today),
    ]


def test_an_account_sees_its_own_rules_only(account: Api, stranger: Api, operator: Api) -> None:
    account.send("PUT", PATH, {"rules": [RULE]})
    assert stranger.get(PATH).json_body["rules"] == []
    assert stranger.get(f"{PATH}?account_id=acc1").status_code == 404
    assert operator.get(PATH).json_body["field"] == "account_id"
    assert len(operator.get(f"{PATH}?account_id=acc1").json_body["rules"]) == 1
    assert operator.get(f"{PATH}?account_id=acc9").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": " "}, "rules[3].channel"),
        ({"channel": 5}, "rules[3].channel"),
        ({"channel": "x" * 61}, "rules[3].channel"),
        ({"when": []}, "rules[3].when"),
        ({"when": "medium"}, "rules[3].when"),
        ({"when": [{"part": "colour", "value": "red"}]}, "rules[3].when[0].part"),
        ({"when": [RULE["when"][0], {"value": "cpa"}]}, "rules[3].when[1].part"),
        ({"when": [{"part": "medium", "compare": "like", "value": "x"}]}, "rules[3].when[0].compare"),
        ({"when": [{"part": "medium", "values": []}]}, "rules[3].when[0].values"),
        ({"when": [{"part": "medium"}]}, "rules[3].when[0].values"),
        ({"when": [{"part": "medium", "values": ["a", 5]}]}, "rules[3].when[0].values[1]"),
        ({"when": [{"part": "medium", "compare": "contains", "values": ["a", ""]}]}, "rules[3].when[0].values[1]"),
        ({"name": "x" * 501}, "rules[3].name"),
        ({"medium": "x" * 501}, "rules[3].medium"),
    ],
)
def test_what_is_wrong_is_named_down_to_the_condition(account: Api, wrong: dict[str, Any], field: str) -> None:
    answer = account.send("PUT", PATH, with_rule(**wrong))
    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert account.get(PATH).json_body["version"] == 0


def test_too_many_rules_are_refused(account: Api) -> None:
    assert account.send("PUT", PATH, {"rules": [RULE] * 201}).json_body["field"] == "rules"
    long = RULE | {"when": [{"part": "host", "values": [f"{place:0500d}" for place in range(100)]}]}
    assert account.send("PUT", PATH, {"rules": [long] * 3}).json_body["field"] == "rules"


def test_hosts_and_channels_are_kept_in_their_one_form(account: Api) -> None:
    host = {"part": "host", "compare": "glob", "values": ["WWW.XN--E1AFMKFD.xn--p1ai", "*.Shop.example"]}
    rule = {"when": [host, {"part": "channel", "value": "Referral"}], "channel": "paid search"}
    (kept,) = account.send("PUT", PATH, {"rules": [rule]}).json_body["rules"]
    assert kept["when"][0]["values"] == ["пример.рф", "*.shop.example"]
    assert (kept["when"][1]["values"], kept["channel"]) == (["referral"], "paid_search")


def test_an_arrival_is_tried_on_the_rules_that_stand_and_on_a_draft(account: Api) -> None:
    account.send("PUT", PATH, {"rules": [RULE]})
    store.create_campaign(Campaign("c1", "s1", "Весна", channel="весна", match={"campaign": "spring"}))
    link = "https://pallets.example/?utm_source=admitad&utm_medium=cpa&utm_campaign=spring"

    answer = account.post(f"{PATH}/test", {"url": link}).json_body
    assert (answer["rule"], answer["source"]["channel"], answer["source"]["source"]) == (0, "Партнёры", "cpa")
    assert answer["builtin"]["channel"] == "other_paid"
    assert answer["why"] == "Rule 0 (CPA) decides: medium is cpa."
    assert answer["parts"]["landing_host"] == ["pallets.example"]

    of_site = account.post(f"{PATH}/test", {"url": link, "site_id": "s1"}).json_body
    assert (of_site["campaign_id"], of_site["source"]["channel"]) == ("c1", "весна")

    draft = [{"when": [{"part": "host", "compare": "glob", "value": "*.example"}], "channel": "обзоры"}]
    page, referrer = "https://pallets.example/", "https://blog.example/x"
    tried = account.post(f"{PATH}/test", {"url": page, "referrer": referrer, "rules": draft}).json_body
    assert (tried["source"]["channel"], tried["rule"]) == ("обзоры", 0)
    wrong = account.post(f"{PATH}/test", {"url": page, "rules": [{"channel": "x"}]})
    assert wrong.json_body["field"] == "rules[0].when"


def test_the_operator_may_try_the_built_in_rules(operator: Api) -> None:
    answer = operator.post(f"{PATH}/test", {"url": "https://x.example/", "referrer": "https://ya.ru/"}).json_body
    assert answer["why"] == "No rule of the account fits, so the built-in rules decide by the referrer."
    assert answer["source"]["channel"] == "organic_search"
