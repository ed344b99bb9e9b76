"""What anybody may write into a URL is text in every CSV file, at whichever character its lines are split."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from chalicelib.reports.figures.formulas import Tally, figures_of
from chalicelib.reports.figures.report import ContactRow, ContactTable, Report, Row, Table
from chalicelib.reports.figures.self_reported_comparison import Cell, Comparison
from chalicelib.reports.layouts import csv_file

ONE = Decimal(1)
FIGURES = figures_of(Tally(calls=ONE), all_calls=ONE, leads_kept=True)
NUMBER = re.compile(r"[+-][\d*\s()-]+")


def files_of(text: str) -> dict[str, str]:
    """The files of a report in which `text` is wherever text can be: as a key, a name, an answer."""
    report = Report(
        site_id="s1",
        site_name="Pallets",
        first_day=date(2026, 11, 1),
        last_day=date(2026, 11, 30),
        model="last",
        currency="RUB",
        time_zone="UTC",
        generated_at=datetime(2026, 12, 1, tzinfo=UTC),
        tables={"campaign_keyword": Table("campaign_keyword", (Row((text, text), FIGURES, name=text),), FIGURES)},
        accuracy=None,
        calls=(),
        comparison=Comparison((Cell(text, text, ONE),), calls=1, asked=1, deals_alone=0),
        contacts={"keyword": ContactTable("keyword", (ContactRow((text,), {"form": ONE}, name=text),), {"form": ONE})},
    )
    return {name: body.decode("utf-8-sig") for name, body in csv_file.render(report).items()}


def rows(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(1+1)", "'@SUM(1+1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("\t=1+1", "'\t=1+1"),
        ("\tplain", "'\tplain"),
        ("\r=1+1", "'\r'=1+1"),
        ("\rplain", "'\rplain"),
        ("x;=1+1;y", "x;'=1+1;y"),
        ("x;+cmd|calc;y", "x;'+cmd|calc;y"),
        ("a;\t=1+1", "a;'\t=1+1"),
        ("line\n@SUM(1+1)", "line\n'@SUM(1+1)"),
    ],
)
def test_what_looks_like_a_formula_is_text(text: str, cell: str) -> None:
    files = files_of(text)
    assert set(files) == {"report.csv", "report-measured-and-told.csv", "contacts-keyword.csv"}
    assert rows(files["report.csv"], ",")[1][:3] == [cell, cell, cell]
    assert rows(files["report-measured-and-told.csv"], ",")[1][:2] == [cell, cell]
    assert rows(files["contacts-keyword.csv"], ",")[1][:2] == [cell, cell]
    for line in (line for file in files.values() for delimiter in ",;" for line in rows(file, delimiter)):
        assert [each for each in line if each[:1] in set("=+-@\t\r") and not NUMBER.fullmatch(each)] == []


@pytest.mark.parametrize("text", ["+7 (495) 123-45-67", "-5;+7***67", "a=b; c@d +e\t", "бренд", ""])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert rows(files_of(text)["report.csv"], ",")[1][0] == text
