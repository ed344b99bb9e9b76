"""Spend by upload and by drop, through the real tables and bucket (moto)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.reports.spend import import_spend, spend_table
from chalicelib.runtime.settings import settings
from tests.reports import day
from tests.reports.day import NOON, SITE

FIXTURE = Path(__file__).parent.parent.parent / "fixtures/generic/spend.csv"
FIRST = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def site(aws: Any) -> None:
    day.register()


def spend(*lines: str) -> bytes:
    return "\r\n".join(("Дата;Источник;Кампания;Расход", *lines)).encode("cp1251")


def costs(on: date = FIRST) -> list[Decimal]:
    return sorted(row.cost for row in spend_table.rows_of_day(SITE.site_id, on).values())


def test_the_generic_file_lands_whole() -> None:
    assert import_spend.import_rows(SITE.site_id, "generic", FIXTURE.read_bytes(), NOON) == {
        "rows": 1, "landed": 1, "unchanged": 0, "rejected": [],
    }  # fmt: skip
    (row,) = spend_table.rows_of_day(SITE.site_id, FIRST).values()
    assert (row.campaign_id, row.campaign_name, row.ad_id) == ("338151", "Бренд", "72057600001")
    assert (row.keyword, row.cost, row.clicks, row.impressions) == ("купить окна", Decimal("9210.75"), 35, 1200)


@pytest.mark.parametrize("channel", ["word_of_mouth", "Word of mouth", "returning"])
def test_no_money_is_spent_on_what_only_callers_report(channel: str) -> None:
    raw = f"date,source,channel,cost\n2026-11-01,x,{channel},5".encode()
    (rejected,) = import_spend.import_rows(SITE.site_id, "generic", raw, NOON)["rejected"]
    assert rejected["field"] == "channel"


def test_a_file_that_comes_again_changes_nothing_and_marks_its_day() -> None:
    raw = FIXTURE.read_bytes()
    import_spend.import_rows(SITE.site_id, "generic", raw, NOON)
    report = import_spend.import_rows(SITE.site_id, "generic", raw, NOON + timedelta(days=1))
    assert (report["landed"], report["unchanged"]) == (0, 1)
    assert costs() == [Decimal("9210.75")]
    assert [changed.day for changed in changed_days_table.changed_days()] == [FIRST]


def test_rows_of_one_file_with_the_same_key_add_up_and_a_later_file_restates_them() -> None:
    import_spend.import_rows(SITE.site_id, "generic", spend("01.11.2026;vk;A;1 000,50", "01.11.2026;vk;A;2,25"), NOON)
    assert costs() == [Decimal("1002.75")]
    import_spend.import_rows(SITE.site_id, "generic", spend("01.11.2026;vk;A;7"), NOON + timedelta(hours=1))
    assert costs() == [Decimal("7.00")]


def test_an_old_file_that_comes_late_does_not_undo_a_newer_one() -> None:
    import_spend.import_rows(SITE.site_id, "generic", spend("01.11.2026;vk;A;7"), NOON + timedelta(hours=1))
    report = import_spend.import_rows(SITE.site_id, "generic", spend("01.11.2026;vk;A;1000"), NOON)
    assert (report["landed"], costs()) == (0, [Decimal("7.00")])


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("31.02.2026;vk;A;5", "date", "not a date"),
        ("01.11.2026;vk;A;много", "cost", "not a decimal number"),
        ("01.11.2026;vk;A;", "cost", "is empty"),
        ("01.11.2026;vk;A;1,005", "cost", "more than two decimals"),
        ("01.11.2026;;;5", "source", "what the money was spent on"),
        ("01.11.2026;vk;A;5;extra", "row", "more cells"),
    ],
)
def test_a_bad_row_is_reported_by_line_field_and_reason_while_good_rows_land(
    line: str, field: str, reason: str
) -> None:
    raw = spend("01.11.2026;vk;A;5", line, "02.11.2026;vk;A;6")
    report = import_spend.import_rows(SITE.site_id, "generic", raw, NOON)
    assert (report["rows"], report["landed"]) == (3, 2)
    (rejected,) = report["rejected"]
    assert (rejected["line"], rejected["field"]) == (3, field)
    assert reason in rejected["reason"]


def test_another_currency_than_the_sites_is_refused() -> None:
    raw = b"date,source,cost,currency\n2026-11-01,google,5,USD\n"
    report = import_spend.import_rows(SITE.site_id, "generic", raw, NOON)
    assert report["rejected"] == [{"line": 2, "field": "currency", "reason": "is USD, but the site reports in RUB"}]
    assert costs() == []


def test_an_unknown_site_and_an_unknown_source_are_named() -> None:
    with pytest.raises(NotFound):
        import_spend.import_rows("nobody", "generic", FIXTURE.read_bytes(), NOON)
    with pytest.raises(BadInput, match="generic"):
        import_spend.import_rows(SITE.site_id, "carrier-pigeon", FIXTURE.read_bytes(), NOON)


def test_a_dropped_file_lands_once_and_its_result_lies_beside_it(aws: Any) -> None:
    key = "drop/spend/s1/ноябрь 1.csv"
    s3 = aws.client("s3")
    s3.put_object(Bucket=settings().bucket, Key=key, Body=spend("01.11.2026;vk;A;5", "bad;vk;A;5"))
    message = _notification("drop/spend/s1/%D0%BD%D0%BE%D1%8F%D0%B1%D1%80%D1%8C+1.csv", "2026-11-04T08:00:00.000Z")
    for _ in range(3):
        import_spend.from_drop(message, NOON)
    result = json.loads(s3.get_object(Bucket=settings().bucket, Key=f"drop-results/{key}.json")["Body"].read())
    assert (result["rows"], [one["line"] for one in result["rejected"]]) == (2, [3])
    assert costs() == [Decimal("5.00")]


def test_a_dropped_file_that_is_no_table_says_so_in_its_result(aws: Any) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=settings().bucket, Key="drop/spend/s1/x.csv", Body=b"")
    import_spend.from_drop(_notification("drop/spend/s1/x.csv", "2026-11-04T08:00:00.000Z"), NOON)
    result = json.loads(
        s3.get_object(Bucket=settings().bucket, Key="drop-results/drop/spend/s1/x.csv.json")["Body"].read()
    )
    assert result["error"] == "bad_input"


def _notification(key: str, moment: str) -> dict[str, Any]:
    return {
        "Records": [
            {"eventTime": moment, "s3": {"bucket": {"name": settings().bucket}, "object": {"key": key}}},
        ]
    }
