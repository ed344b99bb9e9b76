"""A person's rights over the manage API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.calls import callers
from chalicelib.registry.types import MOST_DAYS_OF_PERSONS
from tests.api.conftest import Api
from tests.privacy.person_fixture import IVAN, IVANS_BROWSER, MARIA, call, lend, place_numbers, won

HERE = "/manage/sites/s1"


@pytest.fixture
def people(account: Api) -> Api:
    place_numbers()
    call("generic-own1", IVAN, lend())
    call("generic-hers", MARIA)
    won(IVAN)
    return account


def test_a_person_learns_what_is_kept_and_then_forgotten(people: Api) -> None:
    kept = people.post(f"{HERE}/export", {"phone": "8 916 000-00-01"}).json_body
    assert [each["caller"] for each in kept["calls"]] == [IVAN]

    done = people.post(f"{HERE}/erase", {"phone": "8 916 000-00-01"}).json_body
    assert (done["removed"]["calls"], done["complete"]) == (1, True)
    assert done["erasure_id"].startswith("erase-")

    assert people.post(f"{HERE}/export", {"phone": IVAN}).json_body["calls"] == []
    shown = people.get(f"{HERE}/calls/generic-own1").json_body
    assert (shown["caller"], shown["caller_masked"], shown["recording_url"]) == (None, None, None)
    assert {event["caller"] for event in shown["events"]} == {None}
    assert people.get(f"{HERE}/calls/generic-hers").json_body["caller"] == MARIA


def test_a_browser_is_a_person_too(people: Api) -> None:
    assert people.post(f"{HERE}/export", {"visitor_id": IVANS_BROWSER}).json_body["deals"]
    assert people.post(f"{HERE}/erase", {"visitor_id": IVANS_BROWSER}).json_body["removed"]["numbers"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone"),
        ({"phone": IVAN, "visitor_id": "x"}, "phone"),
        ({"phone": "call +79160000001 please, it is urgent"}, "phone"),
        ({"phone": 79160000001}, "phone"),
        ({"visitor_id": "call +79160000001"}, "visitor_id"),
        ({"visitor_id": ""}, "visitor_id"),
    ],
)
@pytest.mark.parametrize("task", ["erase", "export"])
def test_who_is_not_said_clearly_is_asked_again_without_repeating_it(
    people: Api, task: str, body: dict[str, Any], field: str
) -> None:
    answer = people.post(f"{HERE}/{task}", body)
    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert "9160000001" not in json.dumps(answer.json_body)
    assert callers.find_caller("s1", IVAN) is not None


@pytest.mark.parametrize("task", ["erase", "export"])
def test_another_accounts_people_do_not_exist(people: Api, stranger: Api, task: str) -> None:
    assert stranger.post(f"{HERE}/{task}", {"phone": IVAN}).status_code == 404
    assert Api(people.client, "").post(f"{HERE}/{task}", {"phone": IVAN}).status_code == 401


@pytest.mark.parametrize("given", [1, 90, MOST_DAYS_OF_PERSONS, None])
def test_a_site_says_how_long_people_stay_known(account: Api, given: int | None) -> None:
    assert account.patch(HERE, {"retention_days": given}).json_body["retention_days"] == given
    assert account.get(HERE).json_body["retention_days"] == given


@pytest.mark.parametrize("given", [0, -1, MOST_DAYS_OF_PERSONS + 1, "90", 1.5])
def test_a_retention_that_cannot_be_is_refused(account: Api, given: Any) -> None:
    answer = account.patch(HERE, {"retention_days": given})
    assert (answer.status_code, answer.json_body["field"]) == (400, "retention_days")
