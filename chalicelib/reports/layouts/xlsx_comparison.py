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


def comparison_sheet(book: Workbook, sheet: Worksheet, told: Comparison, header: Format) -> None:
    """Channels measured down the side, what was told along the top; below, what the table comes to."""
    strong = book.add_format({"bold": True, "top": 2, "num_format": "#,##0.##"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    cells = {
        agree: book.add_format({"bg_color": ground, "font_color": ink, "num_format": "#,##0.##"})
        for agree, (ground, ink) in COLOURS.items()
    }
    sheet.write_string(0, 0, "Measured ↓ told →", header)
    for column, name in enumerate(told.told, start=1):
        sheet.write_string(0, column, value_label("self_reported", name), header)
    last_line, last_column = len(told.measured) + 1, len(told.told) + 1
    sheet.write_string(0, last_column, label("total"), header)
    for line, measured in enumerate(told.measured, start=1):
        sheet.write_string(line, 0, value_label("channel", measured))
        for column, name in enumerate(told.told, start=1):
            if count := told.count(measured, name):
                sheet.write_number(line, column, count, cells[told.agreement(measured, name)])
        sheet.write_number(line, last_column, told.count(measured=measured), cells[None])
    sheet.write_string(last_line, 0, label("total"), strong)
    for column, name in enumerate(told.told, start=1):
        sheet.write_number(last_line, column, told.count(told=name), strong)
    sheet.write_number(last_line, last_column, told.count(), strong)
    for offset, (word, value, formula) in enumerate(_figures(told), start=last_line + 2):
        sheet.write_string(offset, 0, word, text)
        if value is not None:
            sheet.write_number(offset, 1, value)
        sheet.write_string(offset, 2, formula)
    line = last_line + 3 + len(_figures(told))
    sheet.write_string(line, 0, COMPARISON_NOTE)
    if told.others:
        sheet.write_string(line + 2, 0, "Other answers", header)
        sheet.write_string(line + 2, 1, "Given", header)
    for place, (answer, given) in enumerate(told.others, start=line + 3):
        sheet.write_string(place, 0, answer)
        sheet.write_number(place, 1, given)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, last_column, 16)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)


def _figures(told: Comparison) -> list[tuple[str, Decimal | int | None, str]]:
    formulas = COMPARISON_FORMULAS
    return [
        ("Calls", told.calls, ""),
        ("Calls with an answer", told.asked, ""),
        ("Deals without a call that have one", told.deals_alone, ""),
        ("Asked, %", told.asked_percent, formulas["asked_percent"]),
        ("Agreement, %", told.agreement_percent, formulas["agreement_percent"]),
        ("No advertising's", told.not_advertised, formulas["not_advertised"]),
        ("Measured as advertising's", told.claimed, formulas["claimed"]),
    ]
