"""Files of deals: good rows land once, bad ones are named by line, field and reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.csv_table import read_time
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.deals import deals_table
from chalicelib.deals.import_deals import SOURCE, from_drop, import_rows
from chalicelib.deals.types import OutcomeStatus
from chalicelib.runtime.settings import settings
from tests.requests import FIXTURES, NOW, open_site

SAMPLE = (FIXTURES / "generic" / "outcomes.csv").read_bytes()
KEY = "drop/deals/s1/ноябрь 2026.csv"


@pytest.fixture(autouse=True)
def site(aws: Any) -> Any:
    open_site()
    return aws


def take(raw: bytes) -> dict[str, Any]:
    return import_rows("s1", SOURCE, raw, NOW)


def test_the_sample_lands_whole() -> None:
    assert take(SAMPLE) == {"rows": 2, "landed": 2, "unchanged": 0, "rejected": []}
    won = deals_table.deal("s1", "csv", "A-1001")
    assert won is not None
    assert won.outcome_at == datetime(2026, 11, 22, 9, 55, tzinfo=UTC)  # 12:55 in the site's zone
    assert (won.status, won.amount, won.gross_profit) == (OutcomeStatus.WON, Decimal("12500.00"), Decimal("3100.50"))
    assert (won.currency, won.manager, won.promo_code, won.day) == ("RUB", "Иванов И.", "OCT10", date(2026, 11, 22))
    lost = deals_table.deal("s1", "csv", "A-1002")
    assert lost is not None and lost.status is OutcomeStatus.LOST
    assert won.caller_key and lost.caller_key and won.caller_key != lost.caller_key


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-8"])
def test_however_it_was_saved_it_is_the_same_file(encoding: str) -> None:
    take(SAMPLE)
    again = SAMPLE.decode("utf-8-sig").replace(";", "\t").encode(encoding)
    assert take(again) == {"rows": 2, "landed": 0, "unchanged": 2, "rejected": []}


@pytest.mark.parametrize("heading", ["Откуда узнали", "Источник (со слов клиента)", "self_reported", "Heard from"])
def test_what_the_customer_said_has_a_column_of_its_own(heading: str) -> None:
    take(f"id;дата;статус;{heading}\nA-7;22.11.2026;оплачен;Сарафанное радио".encode())
    found = deals_table.deal("s1", "csv", "A-7")
    assert found is not None and found.self_reported == SelfReported("сарафанное радио", "word_of_mouth")


def test_dropping_it_again_changes_nothing_and_marks_nothing() -> None:
    take(SAMPLE)
    for changed in changed_days_table.changed_days():
        assert changed_days_table.forget(changed)
    before = deals_table.deals_of_day("s1", date(2026, 11, 22))
    assert take(SAMPLE)["unchanged"] == 2
    assert deals_table.deals_of_day("s1", date(2026, 11, 22)) == before
    assert changed_days_table.changed_days() == []


def test_the_newer_outcome_wins_whichever_comes_first() -> None:
    old = b"external_id,outcome_at,status,amount\nA,2026-11-01 10:00,open,100\n"
    new = b"external_id,outcome_at,status,amount\nA,2026-11-02 10:00,won,200\n"
    for order in ((old, new), (new, old)):
        for raw in order:
            take(raw)
        deal = deals_table.deal("s1", "csv", "A")
        assert deal is not None and (deal.status, deal.amount) == (OutcomeStatus.WON, Decimal(200))
    assert {each.day for each in changed_days_table.changed_days()} == {date(2026, 11, 1), date(2026, 11, 2)}


def test_a_corrected_amount_of_the_same_moment_lands() -> None:
    take(b"external_id,outcome_at,status,amount\nA,2026-11-01 10:00,won,100\n")
    take(b"external_id,outcome_at,status,amount\nA,2026-11-01 10:00,won,1000\n")
    deal = deals_table.deal("s1", "csv", "A")
    assert deal is not None and deal.amount == 1000


def test_russian_headings_and_words_are_understood() -> None:
    raw = (
        "№ сделки;Телефон;Дата закрытия;Этап сделки;Бюджет;Валовая прибыль;Ответственный\n"
        "7;8 (916) 000-00-01;22.11.2026;Успешно реализовано;1\u00a0234\u00a0567,89;;Петрова\n"
    ).encode("cp1251")
    assert take(raw)["landed"] == 1
    deal = deals_table.deal("s1", "csv", "7")
    assert deal is not None
    assert (deal.status, deal.amount, deal.manager) == (OutcomeStatus.WON, Decimal("1234567.89"), "Петрова")


def test_bad_rows_are_named_and_good_rows_land() -> None:
    good = '"G{0}";"+79160000001";"22.11.2026 12:00";"won";"10,00"'
    bad = [
        ('"";"";"22.11.2026";"won";"1"', "external_id"),
        ('"B";"";"31.02.2026";"won";"1"', "outcome_at"),
        ('"B";"";"";"won";"1"', "outcome_at"),
        ('"B";"";"22.11.2026";"maybe";"1"', "status"),
        ('"B";"";"22.11.2026";"won";"a lot"', "amount"),
        ('"B";"12";"22.11.2026";"won";"1"', "phone"),
        ('"B";"";"22.11.2026";"won";"1";"surplus"', "row"),
        ('"B"x;"";"22.11.2026";"won";"1"', "row"),
    ]
    lines = ["external_id;phone;outcome_at;status;amount", good.format(1)]
    lines += [line for line, _ in bad] + [good.format(2)]
    report = take("\n".join(lines).encode())
    assert (report["rows"], report["landed"]) == (10, 2)
    assert [(each["line"], each["field"]) for each in report["rejected"]] == [
        (3 + index, field) for index, (_, field) in enumerate(bad)
    ]
    assert all(each["reason"] for each in report["rejected"])
    assert deals_table.deal("s1", "csv", "B") is None
    assert take("\n".join(lines).encode())["unchanged"] == 2


@pytest.mark.parametrize(("cells", "field"), [("6;RUB", "quality"), ("x;RUB", "quality"), ("5;рубли", "currency")])
def test_marks_and_currencies_are_checked(cells: str, field: str) -> None:
    report = take(f"external_id;outcome_at;status;quality;currency\nA;22.11.2026;won;{cells}\n".encode())
    assert [each["field"] for each in report["rejected"]] == [field]


def test_a_file_without_the_needed_column_rejects_every_row_with_the_columns_name() -> None:
    report = take(b"external_id,amount\nA,1\n")
    assert report["rejected"] == [{"line": 2, "field": "outcome_at", "reason": "the file has no such column"}]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("22.11.2026 12:55", "2026-11-22T09:55:00+00:00"),
        ("22.11.2026 12:55:30", "2026-11-22T09:55:30+00:00"),
        ("22.11.26", "2026-11-21T21:00:00+00:00"),
        ("2026-11-22", "2026-11-21T21:00:00+00:00"),
        ("2026-11-22T12:55", "2026-11-22T09:55:00+00:00"),
        ("2026-11-22T12:55:00Z", "2026-11-22T12:55:00+00:00"),
        ("2026-11-22T12:55:00+05:00", "2026-11-22T07:55:00+00:00"),
    ],
)
def test_times_without_an_offset_are_of_the_sites_zone(written: str, moment: str) -> None:
    assert read_time(written, "Europe/Moscow", field="outcome_at") == datetime.fromisoformat(moment)


def test_an_unknown_site_and_a_file_that_is_no_table_are_refused() -> None:
    with pytest.raises(NotFound):
        import_rows("nobody", SOURCE, SAMPLE, NOW)
    with pytest.raises(BadInput):
        take(b"")


# ---- by S3 ---------------------------------------------------------------------------------------------------------


def drop(aws: Any, key: str, raw: bytes | None) -> dict[str, Any]:
    """Put a file, let S3's notice arrive, read the result beside it."""
    s3, bucket = aws.client("s3"), settings().bucket
    if raw is not None:
        s3.put_object(Bucket=bucket, Key=key, Body=raw)
    from_drop({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}]}, NOW)
    result: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=f"drop-results/{key}.json")["Body"].read())
    if raw is not None:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == raw  # the file stays
    return result


def test_a_dropped_file_is_taken_in_and_its_result_lies_beside_it(aws: Any) -> None:
    assert drop(aws, KEY, SAMPLE)["landed"] == 2
    assert drop(aws, KEY, SAMPLE) == {"rows": 2, "landed": 0, "unchanged": 2, "rejected": []}
    assert take(SAMPLE)["unchanged"] == 2  # an upload of the same file is the same deals


@pytest.mark.parametrize(
    ("key", "raw", "code"),
    [
        ("drop/deals/nobody/x.csv", SAMPLE, "not_found"),
        ("drop/deals/x.csv", SAMPLE, "bad_input"),
        (KEY, b"", "bad_input"),
        (KEY, b"\xff\xfe\x00\xd8\x00\x00\x01", "bad_input"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(aws: Any, key: str, raw: bytes, code: str) -> None:
    assert drop(aws, key, raw)["error"] == code


def test_s3s_test_event_is_nothing() -> None:
    from_drop({"Event": "s3:TestEvent", "Bucket": "b"}, NOW)
