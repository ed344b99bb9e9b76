"""A report as an Excel workbook with native charts."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chalicelib.reports.figures.formula_texts import ACCURACY_FORMULA, FORMULAS, NOTES
from chalicelib.reports.figures.formulas import UNITS, Unit
from chalicelib.reports.figures.report import CallLine, ContactRow, ContactTable, Report, Row, Table
from chalicelib.reports.layouts.labels import label, model_label, value_label
from chalicelib.reports.layouts.xlsx_charts import add_charts
from chalicelib.reports.layouts.xlsx_comparison import comparison_sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


NUMBER_FORMATS = {
    Unit.COUNT: "#,##0",
    Unit.PERCENT: "0.00",
    Unit.SHARE: "0.0",
    Unit.MONEY: "#,##0.00",
    Unit.SECONDS: "0",
    Unit.DAYS: "0.0",
    Unit.SCORE: "0.00",
}
KEY_FIGURES = (
    "calls", "unique", "target", "missed", "called_back", "leads", "deals", "conversion",
    "spend", "revenue", "gross_profit", "cpl", "cost_per_order", "roi", "romi", "sales_cycle",
)  # fmt: skip


def render(report: Report) -> dict[str, bytes]:
    """One file, `report.xlsx`: summary with charts, a sheet a grouping, the call list, formulas, about."""
    import xlsxwriter  # 80 ms: only this layout pays

    out = io.BytesIO()
    # Campaigns and keywords come from anybody's URL: text stays text, even if it looks like a formula.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": f"{report.site_name} {report.first_day} to {report.last_day}"})
        styles = _Styles(book)
        summary = book.add_worksheet("Summary")
        for table in report.tables.values():
            _table_sheet(book.add_worksheet(label(table.by)), table, styles)
        if report.comparison:
            comparison_sheet(book, book.add_worksheet("Measured and told"), report.comparison, styles.header)
        for contacts in report.contacts.values():
            _contact_sheet(book.add_worksheet(f"{label('contacts')} by {label(contacts.by).lower()}"), contacts, styles)
        _call_sheet(book.add_worksheet("Calls"), report, styles)
        _formula_sheet(book.add_worksheet("Formulas"), styles)
        _about_sheet(book.add_worksheet("About"), report, styles)
        for sheet in book.worksheets():
            sheet.set_landscape()
            sheet.set_paper(9)  # A4
            sheet.fit_to_pages(1, 0)  # as wide as a page, as long as it takes
        _summary_sheet(summary, report, styles)
        add_charts(book, summary, next(iter(report.tables.values())), report.currency)
    return {"report.xlsx": out.getvalue()}


class _Styles:
    """The workbook's few formats."""

    def __init__(self, book: Workbook) -> None:
        self.title: Format = book.add_format({"bold": True, "font_size": 16})
        self.header: Format = book.add_format(
            {
                "bold": True,
                "bg_color": "#1F2A44",
                "font_color": "#FFFFFF",
                "text_wrap": True,
                "valign": "top",
                "border": 1,
            }
        )
        self.text: Format = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold: Format = book.add_format({"bold": True, "valign": "top"})
        self.loss: Format = book.add_format({"bg_color": "#FBD5D5", "font_color": "#9B1C1C"})
        self.moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.total_text: Format = book.add_format({"bold": True, "top": 2})
        self.number = {
            unit: book.add_format({"num_format": code, "valign": "top"}) for unit, code in NUMBER_FORMATS.items()
        }
        self.total = {
            unit: book.add_format({"num_format": code, "bold": True, "top": 2}) for unit, code in NUMBER_FORMATS.items()
        }
        self.shared: Format = book.add_format({"num_format": "#,##0.00", "valign": "top"})

    def of(self, name: str, value: Decimal, *, total: bool = False) -> Format:
        """Return the format of one figure; a count that is a sum of shares of calls shows its digits."""
        unit = UNITS[name]
        if unit is Unit.COUNT and value != value.to_integral_value() and not total:
            return self.shared
        return (self.total if total else self.number)[unit]


def _table_sheet(sheet: Worksheet, table: Table, styles: _Styles) -> None:
    first = len(table.dimensions)
    for column, name in enumerate((*table.dimensions, *UNITS, *table.bounds)):
        sheet.write_string(0, column, label(name), styles.header)
    for line, row in enumerate(table.rows, start=1):
        for column, text in enumerate(_key_texts(table, row)):
            sheet.write_string(line, column, text, styles.text)
        _figures(sheet, line, first, row, styles)
        for column, bound in enumerate(row.interval or (), start=first + len(UNITS)):
            sheet.write_number(line, column, bound, styles.shared)
    last = len(table.rows) + 1
    sheet.write_string(last, 0, label("total"), styles.total_text)
    _figures(sheet, last, first, Row((), table.total), styles, total=True)
    sheet.set_row(0, 32)
    sheet.set_column(0, first - 1, 34 if first == 1 else 26)
    sheet.set_column(first, first + len(UNITS) + len(table.bounds) - 1, 11)
    sheet.freeze_panes(1, first)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(last - 1, 1), first + len(UNITS) + len(table.bounds) - 1)
    for name in ("roi", "romi"):
        column = first + list(UNITS).index(name)
        rule = {"type": "cell", "criteria": "<", "value": 0, "format": styles.loss}
        sheet.conditional_format(1, column, last, column, rule)


def _contact_sheet(sheet: Worksheet, table: ContactTable, styles: _Styles) -> None:
    first = len(table.dimensions)
    for column, name in enumerate((*table.dimensions, *table.total)):
        sheet.write_string(0, column, label(name), styles.header)
    for line, row in enumerate(table.rows, start=1):
        for column, text in enumerate(_key_texts(table, row)):
            sheet.write_string(line, column, text, styles.text)
        for column, count in enumerate(row.counts.values(), start=first):
            whole = count == count.to_integral_value()
            sheet.write_number(line, column, count, styles.number[Unit.COUNT] if whole else styles.shared)
    last = len(table.rows) + 1
    sheet.write_string(last, 0, label("total"), styles.total_text)
    for column, count in enumerate(table.total.values(), start=first):
        sheet.write_number(last, column, count, styles.total[Unit.COUNT])
    sheet.set_row(0, 32)
    sheet.set_column(0, first - 1, 34)
    sheet.set_column(first, first + len(table.total) - 1, 11)
    sheet.freeze_panes(1, first)
    sheet.repeat_rows(0)


def _key_texts(table: Table | ContactTable, row: Row | ContactRow) -> list[str]:
    texts = [value_label(dimension, value) for dimension, value in zip(table.dimensions, row.key, strict=True)]
    if row.name:
        texts[0] = f"{row.name} ({texts[0]})"
    return texts


def _figures(sheet: Worksheet, line: int, first: int, row: Row, styles: _Styles, *, total: bool = False) -> None:
    for column, name in enumerate(UNITS, start=first):
        value = row.figures.get(name)
        if value is not None:
            sheet.write_number(line, column, value, styles.of(name, value, total=total))
        elif total:
            sheet.write_blank(line, column, None, styles.total_text)


def _call_sheet(sheet: Worksheet, report: Report, styles: _Styles) -> None:
    columns = [field.name for field in fields(CallLine) if report.comparison or field.name != "self_reported"]
    for column, name in enumerate(columns):
        sheet.write_string(0, column, label(name), styles.header)
    for line, call in enumerate(report.calls, start=1):
        for column, name in enumerate(columns):
            _call_cell(sheet, line, column, getattr(call, name), styles)
    if report.calls_left_out:
        sheet.write_string(len(report.calls) + 1, 0, f"… and {report.calls_left_out} earlier calls", styles.bold)
    sheet.set_column(0, 0, 19)
    sheet.set_column(1, len(columns) - 1, 15)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(len(report.calls), 1), len(columns) - 1)


def _call_cell(sheet: Worksheet, line: int, column: int, value: Any, styles: _Styles) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(line, column, value.replace(tzinfo=None), styles.moment)
    elif isinstance(value, bool):
        sheet.write_string(line, column, "yes" if value else "")
    elif isinstance(value, int):
        sheet.write_number(line, column, value)
    else:
        sheet.write_string(line, column, value)


def _formula_sheet(sheet: Worksheet, styles: _Styles) -> None:
    lines = [*((label(name), text) for name, text in FORMULAS.items()), (label("accuracy"), ACCURACY_FORMULA)]
    _pairs(sheet, 0, [("Figure", "Formula")], styles.header, styles.header)
    _pairs(sheet, 1, [*lines, *(("Note", note) for note in NOTES)], styles.bold, styles.text)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    sheet.freeze_panes(1, 0)


def _about_sheet(sheet: Worksheet, report: Report, styles: _Styles) -> None:
    _pairs(sheet, 0, about(report), styles.bold, styles.text)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 60)


def about(report: Report) -> list[tuple[str, str]]:
    """Return what the report is of, as pairs of a word and its value."""
    accuracy = "no calls to a pool" if report.accuracy is None else f"{report.accuracy} %"
    return [
        ("Site", report.site_name),
        ("Period", f"{report.first_day} to {report.last_day}"),
        ("Attribution model", model_label(report.model)),
        ("Currency", report.currency),
        ("Time zone", report.time_zone),
        ("Tracking accuracy", accuracy),
        ("Generated", f"{report.generated_at:%Y-%m-%d %H:%M} UTC"),
        *_basis(report),
    ]


def _basis(report: Report) -> list[tuple[str, str]]:
    """Return what the figures rest on beside the model, where the report is of a site."""
    if report.basis is None:
        return []
    proved = [("Proved by entry", str(report.basis.proved_by))] if report.basis.proved_by else []
    return [("Rules and campaigns", report.basis.book), *proved]


def _summary_sheet(sheet: Worksheet, report: Report, styles: _Styles) -> None:
    sheet.write_string(0, 0, report.site_name, styles.title)
    _pairs(sheet, 1, about(report)[1:], styles.text, styles.text)
    line = len(about(report)) + 1
    for name in KEY_FIGURES:
        value = report.total.get(name)
        sheet.write_string(line, 0, label(name), styles.bold)
        if value is not None:
            sheet.write_number(line, 1, value, styles.of(name, value))
        line += 1
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 26)


def _pairs(sheet: Worksheet, line: int, pairs: Iterable[tuple[str, str]], left: Format, right: Format) -> None:
    for offset, (word, text) in enumerate(pairs):
        sheet.write_string(line + offset, 0, word, left)
        sheet.write_string(line + offset, 1, text, right)
