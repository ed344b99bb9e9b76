"""The files themselves: safe to open, complete, and the same in every format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.reports.files import Files

EVIL = '=HYPERLINK("http://evil.example")'
SCRIPT = "<script>alert(1)</script>"
LONG = "купить поддоны деревянные с доставкой по Москве и области недорого оптом и в розницу " * 3


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    calls = [
        {"call_id": str(index), "source": "yandex", "medium": "cpc", "campaign": name, "keyword": LONG, "talk_sec": 20}
        for index, name in enumerate((EVIL, SCRIPT, "+cmd|calc", "бренд"))
    ]
    deals = [{"call_id": "3", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "amount": "100"}]
    spend = [{"date": "2026-11-03", "source": "yandex", "medium": "cpc", "campaign_id": "бренд", "cost": "400"}]
    by = "campaign,channel,keyword,hour"
    return Files(tmp_path_factory.mktemp("layouts")).report(calls, deals, spend, by=by, currency="RUB")


def test_the_page_escapes_what_comes_from_urls(files: Files) -> None:
    assert SCRIPT not in files.html()
    assert "&lt;script&gt;alert(1)" in files.html()


def test_the_page_needs_no_network(files: Files) -> None:
    loaded = re.findall(
        r"""(?:src|href|action)\s*=|url\(|@import|https?://""", files.html().replace("http://evil.example", "")
    )
    assert loaded == []


def test_the_page_prints_formulas_beside_the_figures(files: Files) -> None:
    assert "(100 − 400) / 400 × 100" in files.html()
    assert "<dt>CPL</dt><dd>spend / target calls</dd>" in files.html()


def test_a_campaign_that_looks_like_a_formula_is_text_in_csv(files: Files) -> None:
    text = (files.out / "report-campaign.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeffcampaign,calls,")
    assert "\r\n\"'=HYPERLINK" in text
    assert "\r\n'+cmd|calc," in text


def test_a_campaign_that_looks_like_a_formula_is_text_in_the_workbook(files: Files) -> None:
    sheet = load_workbook(files.out / "report.xlsx")["Campaign"]
    (cell,) = [row[0] for row in sheet.iter_rows() if row[0].value == EVIL]
    assert cell.data_type == "s"


def test_the_workbook_has_its_sheets_charts_and_frozen_headings(files: Files) -> None:
    book = load_workbook(files.out / "report.xlsx")
    assert book.sheetnames == ["Summary", "Campaign", "Channel", "Keyword", "Hour", "Calls", "Formulas", "About"]
    assert len(book["Summary"]._charts) == 2
    assert (book["Campaign"].freeze_panes, book["Hour"].freeze_panes) == ("B2", "C2")
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about["Attribution model"] == "last non-direct touch"
    assert (about["Currency"], about["Time zone"], about["Tracking accuracy"]) == ("RUB", "UTC", "no calls to a pool")


def test_a_losing_row_is_marked_on_the_page(files: Files) -> None:
    row = files.html().split('<th scope="row">бренд</th>')[0].rsplit("<tr", 1)[1]
    assert 'class="loss"' in row


def test_the_total_is_the_same_in_every_format(files: Files, tmp_path: Path) -> None:
    total = files.rows("campaign")["TOTAL"]
    assert [total[name] for name in ("calls", "deals", "spend", "revenue", "roi")] == [4, 1, 400, 100, -75]
    sheet = files.xlsx("Campaign")["Total"]
    assert [sheet[name] for name in ("Calls", "Deals won", "Spend", "Revenue", "ROI, %")] == [4, 1, 400, 100, -75]
    assert "TOTAL,4," in (files.out / "report-campaign.csv").read_text("utf-8-sig")
