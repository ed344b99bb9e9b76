from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.deals import deals_table
from chalicelib.reports.spend import spend_table
from tests.api.conftest import Api

FIXTURES = Path(__file__).parent.parent / "fixtures" / "generic"


def test_spend_lands_once_however_often_it_is_sent(account: Api) -> None:
    raw = (FIXTURES / "spend.csv").read_bytes()

    first = account.post("/manage/sites/s1/spend", raw, "text/csv").json_body
    again = account.post("/manage/sites/s1/spend", raw, "text/csv").json_body

    assert first["landed"] == again["unchanged"] > 0
    assert again["landed"] == 0
    assert first["rejected"] == []
    assert spend_table.rows_of_day("s1", date(2026, 11, 1))


def test_deals_land_and_mark_their_days(account: Api) -> None:
    answer = account.post("/manage/sites/s1/deals", (FIXTURES / "outcomes.csv").read_bytes(), "text/csv").json_body

    assert (answer["landed"], answer["rejected"]) == (2, [])
    deals = deals_table.deals_of_day("s1", date(2026, 11, 22))
    assert {deal.external_id for deal in deals} == {"A-1001", "A-1002"}
    assert {changed.site_id for changed in changed_days_table.changed_days()} == {"s1"}


def test_the_source_of_deals_may_be_named(account: Api) -> None:
    raw = (FIXTURES / "outcomes.csv").read_bytes()

    account.post("/manage/sites/s1/deals?source=bitrix", raw, "text/csv")

    assert deals_table.deal("s1", "bitrix", "A-1001") is not None


@pytest.mark.parametrize("kind", ["spend", "deals"])
def test_bad_lines_are_reported_and_good_ones_land(account: Api, kind: str) -> None:
    files = {
        "spend": "date,source,cost\n2026-11-01,yandex,100\nsoon,yandex,5\n2026-11-02,yandex,a lot\n",
        "deals": "external_id,outcome_at,status\nA,2026-11-22,won\nB,soon,won\nC,2026-11-22,perhaps\n",
    }

    answer = account.post(f"/manage/sites/s1/{kind}", files[kind].encode(), "text/csv").json_body

    assert (answer["rows"], answer["landed"]) == (3, 1)
    assert [rejected["line"] for rejected in answer["rejected"]] == [3, 4]
    assert all(rejected["field"] and rejected["reason"] for rejected in answer["rejected"])


@pytest.mark.parametrize("kind", ["spend", "deals"])
def test_an_empty_body_is_refused(account: Api, kind: str) -> None:
    answer = account.post(f"/manage/sites/s1/{kind}", b" \n", "text/csv")

    assert (answer.status_code, answer.json_body["field"]) == (400, "body")


def test_an_unknown_source_of_spend_is_refused(account: Api) -> None:
    answer = account.post("/manage/sites/s1/spend?source=pigeon", b"date\n2026-11-01\n", "text/csv")

    assert (answer.status_code, answer.json_body["field"]) == (400, "source")


@pytest.mark.parametrize("kind", ["spend", "deals"])
def test_a_stranger_uploads_nothing(account: Api, stranger: Api, kind: str) -> None:
    assert stranger.post(f"/manage/sites/s1/{kind}", b"x", "text/csv").status_code == 404


HISTORY = b"call_id;started_at;from;to;talk_sec\n1;22.11.2026 12:00;+79160000001;+74990000001;5\n2;soon;;;\n"


def test_calls_land_once_with_the_zone_that_is_named(account: Api) -> None:
    path = "/manage/sites/s1/calls?vendor=generic&time_zone=Asia/Yekaterinburg"
    first = account.post(path, HISTORY, "text/csv").json_body
    assert (first["landed"], [each["line"] for each in first["rejected"]]) == (1, [3])
    assert account.post(path, HISTORY, "text/csv").json_body["unchanged"] == 1
    events = account.get("/manage/sites/s1/calls/generic-1").json_body["events"]
    assert [event["started_at"] for event in events] == ["2026-11-22T07:00:00Z"]


@pytest.mark.parametrize(
    ("query", "field"), [("", "vendor"), ("?vendor=pigeon", "vendor"), ("?vendor=uis&time_zone=Mars", "time_zone")]
)
def test_a_wrong_argument_of_an_import_of_calls_is_named(account: Api, query: str, field: str) -> None:
    answer = account.post(f"/manage/sites/s1/calls{query}", HISTORY, "text/csv")
    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_a_stranger_imports_no_calls(account: Api, stranger: Api) -> None:
    assert stranger.post("/manage/sites/s1/calls?vendor=generic", HISTORY, "text/csv").status_code == 404
