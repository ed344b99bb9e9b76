from __future__ import annotations

from collections import defaultdict

import pytest
from chalice.test import Client

from app import app
from tests.api.conftest import Api

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
EXISTING = defaultdict(lambda: "any", site_id="s1", pool_id="p1", number="+74995550100")  # of a path's parameters


@pytest.mark.parametrize("key", [None, "cp_madeup", ""])
def test_a_request_without_a_known_key_is_refused(client: Client, key: str | None) -> None:
    answer = Api(client, key).get("/manage/sites")

    assert answer.status_code == 401
    assert answer.json_body["error"] == "not_authenticated"


def test_another_scheme_than_bearer_is_refused(client: Client, account: Api) -> None:
    answer = client.http.get("/v1/manage/sites", headers={"Authorization": f"Basic {account.key}"})

    assert answer.status_code == 401


def routes_of_a_site() -> list[tuple[str, str]]:
    """Every method and path of the application that is about one site."""
    about = {path: methods for path, methods in app.routes.items() if "/manage/sites/{site_id}" in path}
    return sorted((method, path.removeprefix("/v1")) for path, methods in about.items() for method in methods)


@pytest.mark.parametrize(("method", "path"), routes_of_a_site())
def test_another_accounts_site_does_not_exist_for_a_stranger(
    account: Api, stranger: Api, operator: Api, method: str, path: str
) -> None:
    there = path.format_map(EXISTING)
    missing = there.replace("/s1", "/s9", 1)
    for asked in (stranger.send(method, there), account.send(method, missing), operator.send(method, missing)):
        assert asked.status_code == 404
        assert asked.json_body == {"error": "not_found", "message": "No such site."}


def test_an_account_may_say_that_it_means_itself(account: Api, stranger: Api) -> None:
    assert account.get("/manage/channel-rules?account_id=acc1").status_code == 200
    assert stranger.get("/manage/channel-rules?account_id=acc1").status_code == 404


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
