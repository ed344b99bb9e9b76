"""The workbook's sheet of what was measured against what callers said."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.reports.figures.formula_texts import COMPARISON_FORMULAS, COMPARISON_NOTE
from chalicelib.reports.figures.self_reported_comparison import Comparison
from chalicelib.reports.layouts.labels import label, value_label

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

COLOURS = {True: ("#EDF8F2", "#1F8F5F"), False: ("#FDEEEE", "#B91C1C"), None: ("#FFFFFF", "#000000")}


def comparison_sheet(book: Workbook, sheet: Worksheet, comparison: Comparison, header: Format) -> None:
    """Write the measured channels down the side, the self-reported ones along the top, and the sums below."""
    strong = book.add_format({"bold": True, "top": 2, "num_format": "#,##0.##"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    cells = {
        agree: book.add_format({"bg_color": ground, "font_color": ink, "num_format": "#,##0.##"})
        for agree, (ground, ink) in COLOURS.items()
    }
    sheet.write_string(0, 0, "Measured ↓ told →", header)
    for column, name in enumerate(comparison.reported, start=1):
        sheet.write_string(0, column, value_label("self_reported", name), header)
    last_line, last_column = len(comparison.measured) + 1, len(comparison.reported) + 1
    sheet.write_string(0, last_column, label("total"), header)
    for line, measured in enumerate(comparison.measured, start=1):
        sheet.write_string(line, 0, value_label("channel", measured))
        for column, name in enumerate(comparison.reported, start=1):
            if count := comparison.count(measured, name):
                sheet.write_number(line, column, count, cells[comparison.agreement(measured, name)])
        sheet.write_number(line, last_column, comparison.count(measured=measured), cells[None])
    sheet.write_string(last_line, 0, label("total"), strong)
    for column, name in enumerate(comparison.reported, start=1):
        sheet.write_number(last_line, column, comparison.count(reported=name), strong)
    sheet.write_number(last_line, last_column, comparison.count(), strong)
    for offset, (word, value, formula) in enumerate(_figures(comparison), start=last_line + 2):
        sheet.write_string(offset, 0, word, text)
        if value is not None:
            sheet.write_number(offset, 1, value)
        sheet.write_string(offset, 2, formula)
    line = last_line + 3 + len(_figures(comparison))
    sheet.write_string(line, 0, COMPARISON_NOTE)
    if comparison.others:
        sheet.write_string(line + 2, 0, "Other answers", header)
        sheet.write_string(line + 2, 1, "Given", header)
    for row, (answer, given) in enumerate(comparison.others, start=line + 3):
        sheet.write_string(row, 0, answer)
        sheet.write_number(row, 1, given)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, last_column, 16)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)


def _figures(comparison: Comparison) -> list[tuple[str, Decimal | int | None, str]]:
    formulas = COMPARISON_FORMULAS
    return [
        ("Calls", comparison.calls, ""),
        ("Calls with an answer", comparison.asked, ""),
        ("Deals without a call that have one", comparison.deals_alone, ""),
        ("Asked, %", comparison.asked_percent, formulas["asked_percent"]),
        ("Agreement, %", comparison.agreement_percent, formulas["agreement_percent"]),
        ("No advertising's", comparison.not_advertised, formulas["not_advertised"]),
        ("Measured as advertising's", comparison.claimed, formulas["claimed"]),
    ]
