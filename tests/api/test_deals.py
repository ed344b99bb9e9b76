"""Deals over the manage API: what they come from in plain words, taken apart, and joined by hand."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.contacts import record_event as recording
from tests.api.conftest import Api
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import PHONE, card

PATH = "/manage/sites/s1/deals"
A_1 = f"{PATH}/generic/A-1"


@pytest.fixture
def cards(account: Api, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Anna writes, calls a day before and after, and a manager makes a card with the same number."""
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)
    leads_fixture.call("before", -60 * 24)
    leads_fixture.call("after", 60 * 24)
    leads_fixture.arrive()
    leads_fixture.write(aws, {"phone": PHONE, "form": "order"})
    card(phone=PHONE)
    return account


def test_a_deal_says_what_it_comes_from_and_what_else_came_into_question(cards: Api) -> None:
    answer = cards.get(A_1).json_body
    assert answer["says"] == (
        "It comes from the form of 2026-11-22 12:52, because it has the deal's telephone number, "
        "the latest before the deal."
    )
    assert (answer["joined_by"], answer["contact"]["form"], answer["contact"]["kind"]) == ("phone", "order", "form")
    assert [(each["call_id"], each["says"]) for each in answer["others"]] == [
        (
            "generic-after",
            "The call of 2026-11-23 12:52: it has the deal's telephone number, but it came after the deal.",
        ),
        (
            "generic-before",
            "The call of 2026-11-21 12:52: it has the deal's telephone number, but the other one came later.",
        ),
    ]
    assert "caller_key" not in str(answer) and "9160000001" not in str(answer)


def test_a_deal_is_taken_apart_and_joined_again(cards: Api) -> None:
    apart = cards.post(f"{A_1}/unjoin").json_body
    assert (apart["joined_by"], apart["contact"], len(apart["others"])) == (None, None, 3)
    assert apart["says"].startswith("A person took it apart on ")
    assert all(each["says"].endswith("but a person decided otherwise.") for each in apart["others"])
    by_hand = cards.post(f"{A_1}/join", {"call_id": "generic-before"}).json_body
    assert (by_hand["call_id"], by_hand["day"], by_hand["joined_by"]) == ("generic-before", "2026-11-21", "hand")
    assert by_hand["says"].startswith("It comes from the call of 2026-11-21 12:52: a person said so on ")
    contact_id = apart["others"][1]["contact_id"]
    assert cards.post(f"{A_1}/join", {"contact_id": contact_id}).json_body["contact_id"] == contact_id
    again = cards.post(f"{A_1}/join", {}).json_body
    assert (again["joined_by"], again["contact_id"], again["decision"]) == ("phone", contact_id, None)


def test_a_days_deals_are_listed(cards: Api) -> None:
    card("B-2", minutes=70)
    listed = cards.get(f"{PATH}?day=2026-11-22&limit=1").json_body
    assert [each["external_id"] for each in listed["deals"]] == ["A-1"]
    rest = cards.get(f"{PATH}?day=2026-11-22&cursor={listed['next_cursor']}").json_body
    assert [(each["external_id"], each["joined_by"]) for each in rest["deals"]] == [("B-2", None)]
    assert cards.get(f"{PATH}/generic/B-2").json_body["says"].startswith("Nothing ties it to a call or a contact")


def test_what_there_is_not_is_named(cards: Api, stranger: Api) -> None:
    assert cards.get(f"{PATH}/generic/none").status_code == 404
    refused = cards.post(f"{A_1}/join", {"call_id": "generic-none"})
    assert (refused.status_code, refused.json_body["field"]) == (404, "call_id")
    both = cards.post(f"{A_1}/join", {"call_id": "generic-before", "contact_id": "form-1"})
    assert (both.status_code, both.json_body["field"]) == (400, "contact_id")
    for path in (PATH, A_1):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"{A_1}/unjoin").status_code == 404
    assert cards.get(A_1).json_body["decision"] is None
