"""What callers say beside what was measured: compared, proved, erased, and never mixed with it."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook

from chalicelib.attribution import note_self_reported
from chalicelib.attribution.models import MODELS
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls import calls_table
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.self_reported_words import parse
from chalicelib.core import clock
from chalicelib.deals import deals_table
from chalicelib.privacy import find_person
from chalicelib.privacy.erase_person import erase
from chalicelib.registry import store as registry
from chalicelib.registry.types import SelfReportedRule
from chalicelib.reports import close_day
from chalicelib.reports.build_report import build_one
from chalicelib.reports.explain_call import explain
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.reports.facts.count_day import DayFacts, facts_of_day
from chalicelib.reports.figures.self_reported_comparison import Cell, Comparison, most_first
from chalicelib.reports.verify import verify
from chalicelib.runtime.settings import settings
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE
from tests.reports.files import Files

IVAN, MARIA, PETR, ANNA = "+79160000001", "+79161111102", "+79162222203", "+79163333304"
SAID = "плакат у ивановых"


def shop(*, asked: bool = True) -> None:
    """Four calls: three measured, of one nothing is known; three of their callers were asked."""
    day.register()
    calls = {
        "ivans": day.call("ivans", caller=IVAN),
        "marias": day.call("marias", caller=MARIA, touches=("direct", "paid_search")),
        "petrs": day.call("petrs", caller=PETR, touches=("social",)),
        "annas": day.call("annas", caller=ANNA, kind=EvidenceKind.UNKNOWN, touches=()),
    }
    deal = day.won(calls["marias"])
    if asked:
        note_self_reported.note("s1", "ivans", "Яндекс", NOON)
        deals_table.put_deal(replace(deal, outcome_at=deal.outcome_at + timedelta(1), self_reported=parse("знакомые")))
        note_self_reported.note("s1", "annas", SAID, NOON)


def close() -> None:
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    folder.mkdir(exist_ok=True)
    with parquet.connect(folder) as db:
        parquet.open_views(db, facts_bucket.fetch(SITE.site_id, DAY, DAY, folder))
        return db.execute(statement).fetchall()


def counted() -> DayFacts:
    calls, deals = calls_table.calls_of_day("s1", DAY), deals_table.deals_of_day("s1", DAY)
    return facts_of_day(SITE, Rulebook(), calls, deals, lambda caller: None)


def test_the_facts_show_what_was_said_beside_what_was_measured(aws: Any, tmp_path: Path) -> None:
    shop()
    close()
    found = rows(tmp_path / "facts", "SELECT call_id, evidence, self_reported FROM calls ORDER BY call_id")
    assert found == [
        ("annas", "self_reported", f"other: {SAID}"),
        ("ivans", "live", "search"),
        ("marias", "live", "word_of_mouth"),  # as the CRM reported it
        ("petrs", "live", None),
    ]
    assert rows(tmp_path / "facts", "SELECT self_reported FROM deals") == [("word_of_mouth",)]


def test_no_measured_figure_moves(aws: Any) -> None:
    """Every credit under every model, every path, every call and deal but for the columns of the answers."""
    shop(asked=False)
    before = counted()
    for call_id, words in (("ivans", "по радио"), ("marias", "знакомые"), ("petrs", "яндекс"), ("annas", "авито")):
        note_self_reported.note("s1", call_id, words, NOON)
    (deal,) = deals_table.deals_of_day("s1", DAY)
    deals_table.put_deal(replace(deal, self_reported=parse("радио")))
    after = counted()
    assert {call.self_reported for call in after.calls} == {"offline", "word_of_mouth", "search", "classifieds"}
    assert after.paths == before.paths
    assert {part.model for part in after.credits} == set(MODELS)
    assert tuple(dataclasses.replace(part, self_reported=None) for part in after.credits) == before.credits
    assert tuple(dataclasses.replace(card, self_reported=None) for card in after.deals) == before.deals
    kinds = {call.call_id: call.evidence for call in before.calls}
    unsaid = tuple(dataclasses.replace(call, self_reported=None, evidence=kinds[call.call_id]) for call in after.calls)
    assert unsaid == before.calls
    moved = {call.call_id for call in after.calls if call.evidence != kinds[call.call_id]}
    assert moved == {"annas"}


def test_an_accounts_reading_counts_the_past_anew(aws: Any, tmp_path: Path) -> None:
    shop()
    registry.put_self_reported_rules("a1", [SelfReportedRule("offline", ("плакат*",))])
    close()
    assert ("annas", "offline") in rows(tmp_path / "facts", "SELECT call_id, self_reported FROM calls")


def test_a_changed_answer_is_found_in_the_evidence_and_in_the_facts(aws: Any) -> None:
    versions = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration=versions)
    shop()
    close()
    assert verify(SITE.site_id, DAY, DAY, NOON).findings == ()
    item = calls_table.item("s1", "ivans")
    assert item is not None and calls_table.put_self_reported(item, parse("авито", NOON))
    findings = verify(SITE.site_id, DAY, DAY, NOON).findings
    assert any("call ivans is not what it was" in finding for finding in findings)
    assert any("self_reported" in finding for finding in findings)


def test_a_changed_answer_of_a_deal_is_found_too(aws: Any) -> None:
    versions = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration=versions)
    shop()
    close()
    (deal,) = deals_table.deals_of_day("s1", DAY)
    deals_table.put_deal(replace(deal, self_reported=parse("авито")))
    findings = verify(SITE.site_id, DAY, DAY, NOON).findings
    assert any("deal generic#deal-marias is not what it was" in finding for finding in findings)


def test_erasure_takes_the_words_and_leaves_the_counts_and_the_proof(aws: Any, tmp_path: Path) -> None:
    versions = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration=versions)
    shop()
    close()
    for phone in (IVAN, MARIA, ANNA):
        erase(find_person.by_phone(SITE.site_id, phone), NOON)
    close()
    assert verify(SITE.site_id, DAY, DAY, NOON).findings == ()
    left = rows(tmp_path / "after", "SELECT call_id, evidence, self_reported FROM calls ORDER BY call_id")
    assert left == [
        ("annas", "self_reported", "other"),
        ("ivans", "live", "search"),
        ("marias", "live", "word_of_mouth"),
        ("petrs", "live", None),
    ]


def test_it_is_shown_beside_the_measured_source(aws: Any) -> None:
    shop()
    said = {
        call_id: [one.says for one in explain(SITE, call_id, None, NOON) if "brought them" in one.chapter.lower()][-1:]
        for call_id in ("ivans", "marias", "petrs", "annas")
    }
    assert said["ivans"][0].startswith(
        "“яндекс”: search engine, noted with the call. It changes no credit. Measured was"
    )
    assert said["marias"][0].startswith("“знакомые”: word of mouth, reported by the CRM. It changes no credit.")
    assert said["annas"] == [
        f"“{SAID}”: other: {SAID}, noted with the call. It changes no credit. Measured was unknown."
    ]
    whole = [one.says for one in explain(SITE, "annas", None, NOON)]
    assert "Certainty self_reported: for a test" in whole


def test_a_report_of_the_site_compares(aws: Any, tmp_path: Path) -> None:
    shop()
    close()
    keys = build_one(SITE, DAY, DAY, "linear", NOON)
    assert {"report-self_reported.csv", "report-measured-and-told.csv"} <= keys.keys()
    body = aws.client("s3").get_object(Bucket=settings().bucket, Key=keys["report-measured-and-told.csv"])["Body"]
    assert list(csv.reader(body.read().decode("utf-8-sig").splitlines())) == [
        ["measured", "told", "calls", "agree"],
        ["paid_search", "search", "1", "yes"],
        ["unknown", "other", "1", ""],
        ["direct", "word_of_mouth", "0.50", "yes"],
        ["paid_search", "word_of_mouth", "0.50", "no"],
    ]


def test_a_report_says_nothing_where_nobody_was_asked(aws: Any, tmp_path: Path) -> None:
    shop(asked=False)
    close()
    keys = build_one(SITE, DAY, DAY, "linear", NOON)
    assert not {"report-self_reported.csv", "report-measured-and-told.csv"} & keys.keys()


CALLS: list[dict[str, Any]] = [
    {"call_id": "1", "source": "yandex", "medium": "cpc", "откуда узнали": "Яндекс"},
    {"call_id": "2", "source": "yandex", "medium": "cpc", "откуда узнали": "Знакомые"},
    {"call_id": "3", "source": "yandex", "medium": "cpc"},
    {"call_id": "4", "channel": "direct", "self_reported": "друг посоветовал"},
    {"call_id": "5", "self_reported": "=плакат"},
    {"call_id": "6", "channel": "classifieds", "source": "avito"},
]
WON = {"call_id": "", "outcome_at": "2026-11-05T10:00:00Z", "status": "won", "channel": ""}
DEALS: list[dict[str, Any]] = [
    WON | {"call_id": "6", "amount": "100", "Откуда узнали": "avito"},
    WON | {"channel": "offline", "amount": "50", "Откуда узнали": "радио"},
]
MATRIX = {
    ("paid_search", "search"): True,
    ("paid_search", "word_of_mouth"): False,
    ("direct", "word_of_mouth"): True,
    ("unknown", "other"): None,
    ("classifieds", "classifieds"): True,
    ("offline", "offline"): True,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("reported")).report(CALLS, DEALS, by="channel,self_reported", currency="RUB")


def comparison(files: Files) -> Mapping[str, Any]:
    found: Mapping[str, Any] = files.json()["self_reported"]
    return found


def test_the_table_is_the_same_in_json_csv_and_the_workbook(files: Files) -> None:
    cells = {(cell["measured"], cell["told"]): (cell["calls"], cell["agree"]) for cell in comparison(files)["cells"]}
    assert cells == {key: (1, agree) for key, agree in MATRIX.items()}
    lines = list(csv.reader((files.out / "report-measured-and-told.csv").read_text("utf-8-sig").splitlines()))
    words = {True: "yes", False: "no", None: ""}
    assert {tuple(line) for line in lines[1:]} == {(*key, "1", words[agree]) for key, agree in MATRIX.items()}
    sheet = load_workbook(files.out / "report.xlsx")["Measured and told"]
    (head, *table) = [[cell.value for cell in row] for row in sheet.iter_rows()]
    searched = next(row for row in table if row[0] == "Paid search")
    assert (searched[head.index("Word of mouth")], searched[head.index("Total")]) == (1, 2)
    assert next(row for row in table if row[0] == "Total")[head.index("Total")] == 6


def test_what_the_table_comes_to(files: Files) -> None:
    said = comparison(files)
    assert (said["calls"], said["asked"], said["asked_percent"], said["deals_alone"]) == (6, 5, Decimal("83.33"), 1)
    assert (said["compared"], said["agreeing"], said["agreement_percent"]) == (5, 4, 80)
    assert (said["not_advertised"], said["claimed"]) == (2, 1)
    assert said["others"] == [{"answer": "=плакат", "count": 1}]


def test_it_is_a_grouping_of_its_own_whose_totals_are_the_calls(files: Files) -> None:
    listed = files.json()["groupings"]["self_reported"]["rows"]
    assert {row["self_reported"]: (row["calls"], row["deals"], row["revenue"]) for row in listed} == {
        "word_of_mouth": (2, 0, 0),
        "search": (1, 0, 0),
        "classifieds": (1, 1, 100),
        "other: =плакат": (1, 0, 0),
        "": (1, 0, 0),
        "offline": (0, 1, 50),
    }
    assert files.json()["groupings"]["self_reported"]["total"]["calls"] == 6


def test_the_page_shows_it_and_escapes_what_people_say(tmp_path: Path) -> None:
    evil = {"call_id": "7", "self_reported": "<script>alert(1)</script>"}
    page = Files(tmp_path).report([*CALLS, evil], DEALS, by="channel", currency="RUB").html()
    assert "What was measured, and what callers say" in page
    assert "asked in 6 of 7 calls (85.71 %), and in 1 deal without a call" in page
    assert "<b>80.00 %</b> agree: 4 of 5 answers" in page
    assert "1 of them is measured as brought by advertising" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_files_in_which_nobody_was_asked_say_nothing_of_it(tmp_path: Path) -> None:
    plain = Files(tmp_path).report(CALLS[2:3], by="channel,self_reported")
    assert comparison(plain) is None
    assert sorted(plain.json()["groupings"]) == ["channel"]
    assert "callers say" not in plain.html()
    book = load_workbook(plain.out / "report.xlsx")
    assert "Measured and told" not in book.sheetnames
    assert "Self-reported" not in [cell.value for cell in book["Calls"][1]]


def without_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name.lower() not in ("откуда узнали", "self_reported")}


def test_measured_figures_of_files_are_the_same_with_answers_and_without(tmp_path: Path, files: Files) -> None:
    bare, quiet = [without_answer(row) for row in CALLS], [without_answer(row) for row in DEALS]
    without = Files(tmp_path).report(bare, quiet, by="channel,self_reported", currency="RUB")
    assert without.json()["groupings"]["channel"] == files.json()["groupings"]["channel"]


def test_most_answers_stand_first() -> None:
    cells = [Cell("direct", "search", Decimal("1.0000")), Cell("social", "social", Decimal("2.5"))]
    table = Comparison(most_first(cells), 10, 4, 0)
    assert (table.measured, table.reported) == (("social", "direct"), ("social", "search"))
    assert [str(cell.count) for cell in table.cells] == ["2.50", "1"]
    assert (str(table.count()), str(table.asked_percent)) == ("3.50", "40.00")
