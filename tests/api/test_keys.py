from __future__ import annotations

import dataclasses

from tests.api.conftest import Api


def test_a_new_key_works_and_is_shown_once(account: Api) -> None:
    made = account.post("/manage/keys", {"label": "marketing"})

    assert made.status_code == 201
    assert dataclasses.replace(account, key=made.json_body["key"]).get("/manage/sites/s1").status_code == 200
    listed = account.get("/manage/keys").json_body["keys"]
    assert {"label": "marketing", "account_id": "acc1"}.items() <= listed[-1].items() | listed[0].items()
    assert made.json_body["key"] not in str(listed)
    assert "fingerprint" not in str(listed)


def test_a_revoked_key_is_refused(account: Api) -> None:
    made = account.post("/manage/keys", {"label": "marketing"}).json_body

    assert account.send("DELETE", f"/manage/keys/{made['key_id']}").status_code == 204

    assert dataclasses.replace(account, key=made["key"]).get("/manage/sites").status_code == 401
    assert account.send("DELETE", f"/manage/keys/{made['key_id']}").status_code == 404


def test_keys_of_another_account_can_be_neither_made_seen_nor_revoked(account: Api, stranger: Api) -> None:
    key_id = account.get("/manage/keys").json_body["keys"][0]["key_id"]

    assert stranger.post("/manage/keys", {"label": "x", "account_id": "acc1"}).status_code == 404
    assert stranger.get("/manage/keys?account_id=acc1").status_code == 404
    assert stranger.send("DELETE", f"/manage/keys/{key_id}").status_code == 404
    assert stranger.send("DELETE", f"/manage/keys/{key_id}?account_id=acc1").status_code == 404


def test_the_operator_makes_and_revokes_keys_of_accounts(account: Api, operator: Api) -> None:
    made = operator.post("/manage/keys", {"label": "x", "account_id": "acc1"}).json_body

    assert made["key_id"] in str(operator.get("/manage/keys?account_id=acc1").json_body)
    assert made["key_id"] not in str(operator.get("/manage/keys").json_body)
    assert operator.send("DELETE", f"/manage/keys/{made['key_id']}?account_id=acc1").status_code == 204
    assert dataclasses.replace(account, key=made["key"]).get("/manage/sites").status_code == 401
