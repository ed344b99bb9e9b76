"""The report on plain files: what may stand in them, and what is said of what may not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.errors import BadInput
from chalicelib.registry.types import ChannelRule, Comparison, Condition
from chalicelib.reports.plain import run
from tests.reports.files import Files

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def test_the_fixtures_of_calls_deals_and_spend_make_a_report(tmp_path: Path) -> None:
    call = json.loads((FIXTURES / "generic/generic_call.json").read_text())
    calls = tmp_path / "calls.jsonl"
    calls.write_text(json.dumps(call))
    generic = FIXTURES / "generic"
    answer = run.run(
        calls,
        generic / "outcomes.csv",
        generic / "spend.csv",
        out=tmp_path,
        time_zone="Europe/Moscow",
        by="channel,keyword",
    )
    assert (answer["calls"], answer["deals"], answer["spend"], answer["rejected"]) == (1, 2, 1, [])
    assert sorted(answer["files"]) == [
        "report-channel.csv",
        "report-keyword.csv",
        "report.html",
        "report.json",
        "report.xlsx",
    ]
    document = json.loads((tmp_path / "report.json").read_text(), parse_float=Decimal)
    assert document["currency"] == "RUB"
    total = document["groupings"]["channel"]["total"]
    # outcomes.csv: one deal of +79160000001 won for 12 500,00 with 3 100,50 of gross profit, one lost
    assert (total["deals"], total["leads"], total["revenue"], total["gross_profit"]) == (
        1,
        2,
        12500,
        Decimal("3100.50"),
    )


def test_the_telephone_system_that_reports_a_call_is_not_its_source(tmp_path: Path) -> None:
    event = json.loads((FIXTURES / "generic/generic_call.json").read_text())
    assert (event["source"], event["variables"]["utm_source"]) == ("asterisk", "yandex")
    assert set(Files(tmp_path).report([event], by="channel").rows("channel")) == {"organic_search", "TOTAL"}


def test_csv_and_a_json_array_of_calls_give_the_same_report(tmp_path: Path) -> None:
    rows = [
        {
            "call_id": "1",
            "started_at": "03.11.2026 10:00",
            "caller": "+79160000001",
            "utm_source": "yandex",
            "utm_medium": "cpc",
        }
    ]
    (tmp_path / "calls.json").write_text(json.dumps(rows))
    header, values = ",".join(rows[0]), ",".join(rows[0].values())
    (tmp_path / "calls.csv").write_text(f"{header}\n{values}\n", encoding="utf-16")
    tables = []
    for name in ("calls.json", "calls.csv"):
        run.run(tmp_path / name, out=tmp_path / name[-4:])
        tables.append((tmp_path / name[-4:] / "report.csv").read_bytes())
    assert tables[0] == tables[1]
    assert b"paid_search,1,1" in tables[0]


def test_bad_rows_are_listed_by_file_line_field_and_reason_while_good_rows_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calls.jsonl").write_text(
        '{"call_id": "1", "started_at": "2026-11-03T10:00:00Z"}\n'
        "not json\n"
        '{"call_id": "2", "started_at": "yesterday"}\n'
        '{"call_id": "1", "started_at": "2026-11-03T11:00:00Z"}\n'
        '{"call_id": "3", "started_at": "2026-11-03T12:00:00Z", "touches": 5}\n'
    )
    answer = run.run(tmp_path / "calls.jsonl", out=tmp_path / "out")
    rejected = [(row["line"], row["field"], row["reason"]) for row in answer["rejected"]]
    assert rejected == [
        (2, "row", "not valid JSON"),
        (3, "started_at", "not an ISO 8601 time"),
        (4, "call_id", "repeats line 1"),
        (5, "touches", "not a list of objects"),
    ]
    assert answer["calls"] == 1
    assert json.loads((tmp_path / "out/rejected.json").read_text()) == answer["rejected"]
    assert "calls.jsonl, line 3: started_at not an ISO 8601 time" in capsys.readouterr().err


def test_files_without_one_good_row_are_an_error_and_still_say_why(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text('{"call_id": "1"}')
    with pytest.raises(BadInput, match="no row could be read"):
        run.run(tmp_path / "calls.jsonl", out=tmp_path)
    assert json.loads((tmp_path / "rejected.json").read_text())[0]["field"] == "started_at"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"by": "colour"}, "by"),
        ({"model": "guess"}, "model"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"currency": "₽"}, "currency"),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, options: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Files(tmp_path).report([{"call_id": "1"}], **options)
    assert refused.value.field == field


def test_the_model_picks_the_touch_and_linear_shares_the_call(tmp_path: Path) -> None:
    touches = [
        {"at": "2026-11-01T10:00:00Z", "url": "https://s.ru/?utm_source=yandex&utm_medium=cpc"},
        {"at": "2026-11-02T10:00:00Z", "url": "https://s.ru/?utm_source=vk&utm_medium=cpc"},
        {"at": "2026-11-03T09:00:00Z", "url": "https://s.ru/", "referrer": ""},
        {"at": "2026-11-03T11:00:00Z", "url": "https://s.ru/?utm_source=google&utm_medium=cpc"},  # after the call
    ]
    calls = [{"call_id": "1", "touches": touches}]
    deals = [{"call_id": "1", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "100"}]
    found: dict[str, dict[str, Any]] = {}
    for model in ("first_touch", "last_touch", "last_non_direct", "linear"):
        rows = Files(tmp_path).report(calls, deals, model=model).rows("channel")
        assert (rows["TOTAL"]["calls"], rows["TOTAL"]["revenue"]) == (1, 100)
        found[model] = {key: (row["calls"], row["revenue"]) for key, row in rows.items() if key != "TOTAL"}
    assert found["first_touch"] == {"paid_search": (1, 100)}
    assert found["last_touch"] == {"direct": (1, 100)}
    assert found["last_non_direct"] == {"paid_social": (1, 100)}
    third = (Decimal("0.33"), Decimal("33.33"))
    assert found["linear"] == {"paid_search": third, "paid_social": third, "direct": third}


def test_a_deal_is_joined_by_phone_to_the_callers_latest_call_before_it(tmp_path: Path) -> None:
    calls = [
        {"call_id": "1", "started_at": "2026-11-01T10:00:00Z", "from": "+79160000001", "channel": "SEO"},
        {"call_id": "2", "started_at": "2026-11-03T10:00:00Z", "from": "+79160000001", "channel": "контекст"},
        {"call_id": "3", "started_at": "2026-11-09T10:00:00Z", "from": "+79160000001", "channel": "соцсети"},
    ]
    deals = [{"phone": "8 (916) 000-00-01", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "100"}]
    rows = Files(tmp_path).report(calls, deals).rows("channel")
    assert {key: row["deals"] for key, row in rows.items()} == {"SEO": 0, "контекст": 1, "соцсети": 0, "TOTAL": 1}
    assert rows["контекст"]["sales_cycle"] == 4


def test_a_deal_without_a_call_counts_under_its_own_channel_or_unknown(tmp_path: Path) -> None:
    deals = [
        {
            "external_id": "1",
            "outcome_at": "2026-11-05T10:00:00Z",
            "status": "won",
            "amount": "100",
            "channel": "сарафан",
        },
        {"external_id": "2", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "50", "channel": ""},
    ]
    rows = Files(tmp_path).report([{"channel": "SEO"}], deals).rows("channel")
    assert {key: row["revenue"] for key, row in rows.items()} == {"SEO": 0, "сарафан": 100, "unknown": 50, "TOTAL": 150}


def test_a_missed_caller_who_got_through_the_same_day_was_called_back(tmp_path: Path) -> None:
    caller = {"caller": "+79160000001"}
    calls: list[dict[str, Any]] = [
        {"call_id": "1", "started_at": "2026-11-03T20:00:00Z", **caller},
        {"call_id": "2", "started_at": "2026-11-03T20:59:00Z", "talk_sec": 9, **caller},
        {"call_id": "3", "started_at": "2026-11-03T20:58:00Z", "caller": "+79160000002"},
        {"call_id": "4", "started_at": "2026-11-03T21:01:00Z", "talk_sec": 90, "caller": "+79160000002"},  # tomorrow
    ]
    total = Files(tmp_path).report(calls, time_zone="Europe/Moscow").rows("channel")["TOTAL"]
    assert (total["missed"], total["called_back"], total["target"]) == (2, 1, 1)


def test_ringing_back_on_another_day_of_the_file_counts(tmp_path: Path) -> None:
    caller = {"caller": "+79160000001"}
    calls: list[dict[str, Any]] = [
        {"call_id": "1", "started_at": "2026-11-03T20:00:00Z", **caller},
        {"call_id": "2", "started_at": "2026-11-05T09:00:00Z", "talk_sec": 9, "direction": "out", **caller},
    ]
    total = Files(tmp_path).report(calls, time_zone="Europe/Moscow").rows("channel")["TOTAL"]
    assert (total["calls"], total["missed"], total["called_back"]) == (1, 1, 1)


def test_amounts_in_another_currency_are_not_added_up(tmp_path: Path) -> None:
    deals = [
        {"external_id": "1", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "100", "currency": "RUB"},
        {"external_id": "2", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "50", "currency": "USD"},
    ]
    total = Files(tmp_path).report([{"channel": "SEO"}], deals).rows("channel")["TOTAL"]
    assert (total["deals"], total["revenue"]) == (2, 100)


def test_no_callers_number_leaves_the_page_or_the_workbook_whole(tmp_path: Path) -> None:
    files = Files(tmp_path).report([{"call_id": "1", "from": "+79161234567", "channel": "SEO"}])
    assert "9161234567" not in files.html() + (files.out / "report.json").read_text()
    assert files.xlsx("Calls").popitem()[1]["Caller"] == "+791******67"


def test_rules_of_ones_own_name_the_channels_of_calls_and_spend(tmp_path: Path) -> None:
    rule = ChannelRule("партнёры", (Condition("medium", Comparison.EXACT, ("cpa",)),))
    calls = [
        {"call_id": "1", "source": "admitad", "medium": "cpa"},
        {"call_id": "2", "url": "https://s.example/?yclid=1"},
    ]
    spend = [{"date": "2026-11-03", "source": "admitad", "medium": "cpa", "cost": "100", "currency": "RUB"}]
    rows = Files(tmp_path).report(calls, spend=spend, rules=(rule,)).rows("channel")
    assert (rows["партнёры"]["calls"], rows["партнёры"]["spend"]) == (1, Decimal("100.00"))
    assert rows["paid_search"]["calls"] == 1
