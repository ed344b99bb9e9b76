from __future__ import annotations

import pytest
from chalice.test import Client

from tests.manage.conftest import Api

OF_A_SITE = [
    "/manage/sites/s1",
    "/manage/sites/s1/pools",
    "/manage/sites/s1/pools/p1",
    "/manage/sites/s1/numbers",
    "/manage/sites/s1/numbers/+74995550100",
    "/manage/sites/s1/campaigns",
    "/manage/sites/s1/endpoints",
    "/manage/sites/s1/calls",
    "/manage/sites/s1/reports",
]


@pytest.mark.parametrize("key", [None, "cp_madeup", ""])
def test_a_request_without_a_known_key_is_refused(client: Client, key: str | None) -> None:
    answer = Api(client, key).get("/manage/sites")

    assert answer.status_code == 401
    assert answer.json_body["error"] == "not_authenticated"


def test_another_scheme_than_bearer_is_refused(client: Client, account: Api) -> None:
    answer = client.http.get("/v1/manage/sites", headers={"Authorization": f"Basic {account.key}"})

    assert answer.status_code == 401


@pytest.mark.parametrize("path", OF_A_SITE)
def test_another_accounts_site_does_not_exist_for_a_stranger(account: Api, stranger: Api, path: str) -> None:
    answer = stranger.get(path)

    assert answer.status_code == 404
    assert answer.json_body == {"error": "not_found", "message": "No such site."}


@pytest.mark.parametrize("path", OF_A_SITE)
def test_owner_and_operator_see_the_same(account: Api, operator: Api, path: str) -> None:
    owned, operated = account.get(path), operator.get(path)

    assert owned.status_code == operated.status_code == 200
    assert owned.json_body == operated.json_body


def test_a_stranger_cannot_change_a_site(account: Api, stranger: Api) -> None:
    assert stranger.patch("/manage/sites/s1", {"name": "mine"}).status_code == 404
    assert account.get("/manage/sites/s1").json_body["name"] == "pallets.example"


def test_health_needs_no_key(client: Client) -> None:
    answer = Api(client, None).get("/health")

    assert answer.json_body == {"status": "ok", "stage": "test"}
