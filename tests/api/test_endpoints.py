from __future__ import annotations

from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.registry import snapshot, store
from chalicelib.registry.endpoint_token import open_endpoint
from chalicelib.registry.types import Answering
from chalicelib.runtime.settings import settings
from tests.api.conftest import Api
from tests.factories import NOW

PATH = "/manage/sites/s1/endpoints"
TWILIO = {
    "kind": "carrier",
    "vendor": "twilio",
    "credentials": {"auth_token": "T0P-SECRET", "unneeded": "x"},
    "target_number": "8 495 123-45-67",
    "record": True,
}
CRM = {"kind": "crm", "vendor": "generic", "credentials": {"secret": "T0P-SECRET"}}


MANGO = TWILIO | {"vendor": "mango", "credentials": {"api_key": "k", "api_salt": "s"}}


def test_an_endpoints_url_holds_how_its_calls_are_put_through(account: Api) -> None:
    how: dict[str, Any] = {"ring_seconds": 20, "announcement": "Разговор записывается", "language": "ru-RU"}
    made = account.post(PATH, TWILIO | {"answering": how}).json_body
    assert made["answering"] == how | {"show": "caller", "whisper": None}
    token = open_endpoint(made["url"].rpartition("/")[2], settings().signing_key)
    assert token is not None and token.answering == Answering(**how)
    assert account.get(PATH).json_body["endpoints"][0]["answering"] == made["answering"]


def test_a_carriers_url_is_its_signed_configuration(account: Api) -> None:
    made = account.post(PATH, TWILIO)

    assert made.status_code == 201
    prefix, _, secret = made.json_body["url"].rpartition("/")
    assert prefix == "https://calls.example.com/api/v1/carriers/twilio"
    token = open_endpoint(secret, settings().signing_key)
    assert token is not None
    assert (token.site_id, token.target_number, token.record, token.country) == ("s1", "+74951234567", True, "RU")


def test_credentials_are_kept_for_signatures_and_never_shown(account: Api) -> None:
    made = account.post(PATH, TWILIO)
    listed = account.get(PATH)

    assert "T0P-SECRET" not in made.body.decode() + listed.body.decode()
    assert "url" not in listed.json_body["endpoints"][0]
    stored = snapshot.endpoint_by_id(made.json_body["endpoint_id"], NOW)
    assert stored is not None
    assert stored.credentials == {"auth_token": "T0P-SECRET"}


def test_a_crms_url_says_crm(account: Api) -> None:
    made = account.post(PATH, CRM).json_body

    assert made["url"].startswith("https://calls.example.com/api/v1/crm/generic/")
    assert made["target_number"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (TWILIO | {"vendor": "pigeon"}, "vendor"),
        (TWILIO | {"kind": "fax"}, "kind"),
        (TWILIO | {"credentials": {"secret": "x"}}, "credentials.auth_token"),
        (TWILIO | {"credentials": {"auth_token": ""}}, "credentials.auth_token"),
        (TWILIO | {"target_number": None}, "target_number"),
        (TWILIO | {"answering": {"ring_seconds": 4}}, "answering.ring_seconds"),
        (TWILIO | {"answering": {"show": "nobody"}}, "answering.show"),
        (TWILIO | {"answering": {"whisper": "a\nb"}}, "answering.whisper"),
        (TWILIO | {"answering": {"whisper": " "}}, "answering.whisper"),
        (TWILIO | {"answering": {"announcement": "x" * 201}}, "answering.announcement"),
        (TWILIO | {"answering": {"announcement": "http://s.example/a.mp3"}}, "answering.announcement"),
        (TWILIO | {"answering": {"announcement": "Hi", "language": "Russian"}}, "answering.language"),
        (MANGO | {"answering": {"ring_seconds": 20}}, "answering.ring_seconds"),
        (MANGO | {"answering": {"language": "ru-RU"}}, "answering.language"),
        (TWILIO | {"target_number": "12"}, "target_number"),
        (TWILIO | {"time_zone": "Moscow"}, "time_zone"),
        (CRM | {"credentials": {}}, "credentials.secret"),
        (CRM | {"vendor": "twilio"}, "vendor"),
    ],
)
def test_a_wrong_field_is_named_without_the_secret(account: Api, body: dict[str, Any], field: str) -> None:
    answer = account.post(PATH, body)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert "T0P-SECRET" not in answer.body.decode()
    assert store.endpoints_of("s1") == ()


def test_a_closed_endpoint_is_gone(account: Api) -> None:
    made = account.post(PATH, CRM).json_body

    assert account.send("DELETE", f"{PATH}/{made['endpoint_id']}").status_code == 204
    assert account.get(PATH).json_body == {"endpoints": []}
    assert account.send("DELETE", f"{PATH}/{made['endpoint_id']}").status_code == 404


def test_a_renewed_secret_replaces_the_old_one_and_the_url_stays(
    account: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    made = account.post(PATH, TWILIO | {"credentials": {"auth_token": "T0P-SECRET", "api_url": "https://a.example"}})
    where = f"{PATH}/{made.json_body['endpoint_id']}"
    answer = account.patch(where, {"credentials": {"auth_token": "N3W-SECRET", "unneeded": "x"}})

    assert answer.status_code == 200
    assert answer.json_body == {name: value for name, value in made.json_body.items() if name != "url"}
    assert credentials_of(made) == {"auth_token": "N3W-SECRET", "api_url": "https://a.example"}
    assert account.patch(where, {"credentials": {"api_url": ""}}).status_code == 200
    assert credentials_of(made) == {"auth_token": "N3W-SECRET"}
    assert "SECRET" not in answer.body.decode() + capsys.readouterr().out


def test_a_secret_that_is_needed_can_not_be_taken_away_nor_a_closed_endpoint_get_one(account: Api) -> None:
    made = account.post(PATH, TWILIO)
    where = f"{PATH}/{made.json_body['endpoint_id']}"
    refused = account.patch(where, {"credentials": {"auth_token": ""}})

    assert (refused.status_code, refused.json_body["field"]) == (400, "credentials.auth_token")
    assert credentials_of(made) == {"auth_token": "T0P-SECRET"}
    account.send("DELETE", where)
    assert account.patch(where, {"credentials": {"auth_token": "N3W-SECRET"}}).status_code == 404
    assert credentials_of(made) == {}
    assert account.patch(f"{PATH}/e-unknown", {"credentials": {"auth_token": "x"}}).status_code == 404


def credentials_of(made: HTTPResponse) -> dict[str, str]:
    """Return what is kept of the endpoint that this answer made."""
    snapshot.forget()
    stored = snapshot.endpoint_by_id(made.json_body["endpoint_id"], NOW)
    assert stored is not None
    return stored.credentials


def test_no_secret_reaches_the_logs(account: Api, capsys: pytest.CaptureFixture[str]) -> None:
    made = account.post(PATH, TWILIO).json_body
    account.post(PATH, TWILIO | {"vendor": "pigeon"})

    logged = capsys.readouterr().out
    assert "refused" in logged
    assert "T0P-SECRET" not in logged
    assert made["url"].rpartition("/")[2] not in logged
    assert str(account.key) not in logged
