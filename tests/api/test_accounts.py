from __future__ import annotations

import pytest

from tests.api.conftest import Api


def test_the_operator_opens_an_account(operator: Api) -> None:
    answer = operator.post("/manage/accounts", {"name": "Pallets Ltd"})

    assert answer.status_code == 201
    assert operator.get("/manage/accounts").json_body == {"accounts": [answer.json_body]}
    assert answer.json_body["name"] == "Pallets Ltd"


def test_an_account_sees_itself_and_opens_none(account: Api, stranger: Api) -> None:
    assert [each["account_id"] for each in account.get("/manage/accounts").json_body["accounts"]] == ["acc1"]
    assert account.post("/manage/accounts", {"name": "More"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"), [({}, "name"), ({"name": ""}, "name"), ({"name": 5}, "name"), (b"{", "body"), ([], "body")]
)
def test_a_wrong_body_is_refused_by_its_field(operator: Api, body: object, field: str) -> None:
    answer = operator.post("/manage/accounts", body)

    assert (answer.status_code, answer.json_body["error"]) == (400, "bad_input")
    assert answer.json_body["field"] == field
    assert operator.get("/manage/accounts").json_body == {"accounts": []}
