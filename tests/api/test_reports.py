from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.reports import reports_bucket
from chalicelib.reports.periods import Period
from tests.api.conftest import Api
from tests.requests import NOW

PATH = "/manage/sites/s1/reports"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def test_stored_files_are_listed_with_links_that_open_them(account: Api, aws: Any) -> None:
    reports_bucket.put("s1", NOVEMBER, "linear", {"report.csv": b"calls\n36\n"}, NOW)

    [file] = account.get(PATH).json_body["reports"]

    assert {name: file[name] for name in ("from", "to", "model", "name", "bytes")} == {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "model": "linear",
        "name": "report.csv",
        "bytes": 9,
    }
    assert "Expires=604800" in file["url"]
    assert "/reports/s1/2026-11-01_2026-11-30/linear/report.csv" in file["url"]


def test_an_ordered_report_appears_in_the_list(account: Api) -> None:
    ordered = account.post(PATH, {"from": "2026-11-01", "to": "2026-11-02", "model": "first_touch"})

    assert ordered.status_code == 202
    assert ordered.json_body == {"site_id": "s1", "from": "2026-11-01", "to": "2026-11-02", "model": "first_touch"}
    files = account.get(PATH).json_body["reports"]
    assert {(file["from"], file["to"], file["model"]) for file in files} == {
        ("2026-11-01", "2026-11-02", "first_touch")
    }
    assert {file["name"].rpartition(".")[2] for file in files} == {"xlsx", "csv", "json", "html"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "2026-11-02"}, "from"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "to"),
        ({"from": "2006-11-02", "to": "2026-11-01"}, "to"),
        ({"from": "November", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-01", "to": "2026-11-02", "model": "magic"}, "model"),
    ],
)
def test_a_wrong_order_is_refused(account: Api, body: dict[str, Any], field: str) -> None:
    answer = account.post(PATH, body)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_another_sites_files_are_not_listed(account: Api, stranger: Api) -> None:
    reports_bucket.put("s1", NOVEMBER, "linear", {"report.csv": b"x"}, NOW)

    assert stranger.get("/manage/sites/s2/reports").json_body == {"reports": []}
