"""A report as CSV: one file a grouping, with the figures' own names as headers.

UTF-8 with a byte order mark, because Excel takes a file without one for the machine's code page; commas and
decimal points, because other programs expect them. (Who works in Excel has the .xlsx.)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal

from chalicelib.reports.figures.formulas import UNITS
from chalicelib.reports.figures.report import ContactRow, ContactTable, Report, Row, Table
from chalicelib.reports.figures.self_reported_comparison import Comparison

# Where a cell may begin, also where a file is split at semicolons, as Excel does in Europe; "+7495…" is a number.
_FORMULA = re.compile(r"(?:^|(?<=[;\r\n]))(?=[=@\t\r]|[+-](?![\d*\s()-]+(?:$|[;\r\n])))")


def render(report: Report) -> dict[str, bytes]:
    """`report-<grouping>.csv` for each grouping; a report with a single one is `report.csv`.

    Where callers were asked, `report-measured-and-told.csv` compares. What visitors did besides calling is
    `contacts-<grouping>.csv`.
    """
    more = {"report-measured-and-told.csv": _comparison(report.comparison)} if report.comparison else {}
    more |= {f"contacts-{by}.csv": _contacts(table) for by, table in report.contacts.items()}
    if len(report.tables) == 1:
        return {"report.csv": _file(next(iter(report.tables.values())))} | more
    return {f"report-{by}.csv": _file(table) for by, table in report.tables.items()} | more


def _comparison(comparison: Comparison) -> bytes:
    agreement = {True: "yes", False: "no", None: ""}
    lines = [
        [_safe(cell.measured), _safe(cell.reported), _cell(cell.count), agreement[cell.agree]]
        for cell in comparison.cells
    ]
    return _written([["measured", "told", "calls", "agree"], *lines])


def _written(lines: Iterable[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode("utf-8-sig")


def _file(table: Table) -> bytes:
    named = any(row.name for row in table.rows)
    head = [*table.dimensions, *(["name"] if named else []), *UNITS, *table.bounds]
    return _written([head, *_lines(table, named=named)])


def _contacts(table: ContactTable) -> bytes:
    named = any(row.name for row in table.rows)
    lines = [[*table.dimensions, *(["name"] if named else []), *table.total]]
    for row in (*table.rows, ContactRow(("TOTAL",), table.total)):
        keys = [*row.key, *([row.name] if named else [])]
        lines.append([*map(_safe, keys), *map(_cell, row.counts.values())])
    return _written(lines)


def _lines(table: Table, *, named: bool) -> Iterable[list[str]]:
    for row in (*table.rows, _total(table)):
        keys = [*row.key, *([row.name] if named else [])]
        figures = [
            *(row.figures.get(name) for name in UNITS),
            *((row.interval or (None, None)) if table.bounds else ()),
        ]
        yield [*map(_safe, keys), *map(_cell, figures)]


def _total(table: Table) -> Row:
    return Row(("TOTAL", *[""] * (len(table.dimensions) - 1)), table.total)


def _cell(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _safe(text: str) -> str:
    """Campaigns and keywords come from anybody's URL: a spreadsheet must not run one as a formula."""
    return _FORMULA.sub("'", text)
