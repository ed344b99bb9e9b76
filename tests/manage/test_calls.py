from __future__ import annotations

import pytest

from chalicelib.attribution import receive
from chalicelib.attribution.attribute import attribute
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberKind, TrackingNumber
from tests.attribution.examples import CALLER, NOW, PBX, STATIC, pbx_call, secret_of, signed_request
from tests.manage.conftest import Api

PATH = "/manage/sites/s1/calls"
DAY = "2026-11-22"


@pytest.fixture
def endpoint(account: Api) -> str:
    """The secret of a PBX's endpoint; the site has a static number of the campaign avito."""
    store.create_campaign(Campaign("avito", "s1", "Авито"))
    store.put_numbers("s1", [TrackingNumber(STATIC, "s1", NumberKind.STATIC, campaign_id="avito")])
    return secret_of(PBX)


def ring(secret: str, call_id: str) -> None:
    """One whole call of the PBX, attributed."""
    tell(secret, call_id)
    attribute({"site_id": "s1", "call_id": f"generic-{call_id}"}, NOW)


def tell(secret: str, call_id: str) -> None:
    for event in pbx_call(call_id):
        receive.receive(signed_request(event), "generic", secret, ())


def test_a_days_calls_are_listed_with_evidence_and_credit(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    answer = account.get(f"{PATH}?day={DAY}").json_body

    assert (answer["day"], answer["model"], answer["next_cursor"]) == (DAY, "last_non_direct", None)
    [call] = answer["calls"]
    assert (call["call_id"], call["caller"], call["number"]) == ("generic-one", CALLER, STATIC)
    assert (call["status"], call["talk_seconds"], call["answered"]) == ("accepted", 47, True)
    assert (call["evidence"]["kind"], call["evidence"]["campaign_id"]) == ("static", "avito")
    [credit] = call["credit"]
    assert (credit["weight"], credit["source"]["channel"], credit["source"]["campaign"]) == ("1", "offline", "Авито")
    assert "caller_key" not in call


def test_another_day_has_none(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    assert account.get(f"{PATH}?day=2026-11-21").json_body["calls"] == []


def test_a_call_is_shown_with_all_its_events(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    call = account.get(f"{PATH}/generic-one?model=linear").json_body

    assert call["model"] == "linear"
    assert call["evidence"]["why"]
    assert call["evidence"]["touches"] == []
    assert len(call["events"]) == 4
    assert {event["talk_seconds"] for event in call["events"]} == {None, 47}
    assert all(event["received_at"].startswith(DAY) for event in call["events"])


def test_a_call_not_yet_attributed_is_shown_without_evidence(account: Api, endpoint: str) -> None:
    tell(endpoint, "one")

    call = account.get(f"{PATH}/generic-one").json_body

    assert (call["evidence"], call["credit"], call["talk_seconds"]) == (None, [], 47)


def test_many_calls_come_in_pages(account: Api, endpoint: str) -> None:
    names = ["a", "b", "c", "d", "e"]
    for name in reversed(names):
        ring(endpoint, name)
    seen: list[str] = []
    cursor = ""

    for _ in range(3):
        page = account.get(f"{PATH}?day={DAY}&limit=2" + (f"&cursor={cursor}" if cursor else "")).json_body
        seen += [call["call_id"] for call in page["calls"]]
        cursor = page["next_cursor"]

    assert seen == [f"generic-{name}" for name in names]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "field"), [("day=yesterday", "day"), ("model=magic", "model"), ("limit=1001", "limit")]
)
def test_a_wrong_argument_is_named(account: Api, query: str, field: str) -> None:
    answer = account.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_an_unknown_call_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/generic-none").status_code == 404
