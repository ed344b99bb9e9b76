"""The workbook's native charts: what was spent and earned, and what came back of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.reports.figures.formulas import UNITS
from chalicelib.reports.figures.report import Table
from chalicelib.reports.layouts.labels import label

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 15
COLOURS = {
    "spend": "#8A94A6",
    "revenue": "#5B8DEF",
    "gross_profit": "#2E9E6B",
    "roi": "#5B8DEF",
    "romi": "#2E9E6B",
    "calls": "#1F2A44",
}
LOSS = "#D64545"


def add_charts(book: Workbook, sheet: Worksheet, table: Table, currency: str) -> None:
    """Two charts on `sheet` from the rows of `table`'s own sheet; none where the table has no rows."""
    rows = min(len(table.rows), MOST_ROWS)
    if not rows:
        return
    money = book.add_chart({"type": "column"})
    for name in ("spend", "revenue", "gross_profit"):
        money.add_series(_series(table, name, rows))
    money.set_title({"name": f"Spent and earned by {label(table.by).lower()}, {currency}", "name_font": {"size": 12}})
    _finish(money)
    sheet.insert_chart("D1", money)

    back = book.add_chart({"type": "column"})
    for name in ("roi", "romi"):
        back.add_series({**_series(table, name, rows), "invert_if_negative": True, "invert_if_negative_color": LOSS})
    calls = book.add_chart({"type": "line"})
    calls.add_series({**_series(table, "calls", rows), "y2_axis": True, "marker": {"type": "circle"}})
    back.combine(calls)
    back.set_title({"name": f"Return (%) and calls by {label(table.by).lower()}", "name_font": {"size": 12}})
    calls.set_y2_axis({"name": label("calls")})
    _finish(back)
    sheet.insert_chart("D20", back)


def _series(table: Table, name: str, rows: int) -> dict[str, Any]:
    source = label(table.by)
    column = len(table.dimensions) + list(UNITS).index(name)
    colour = COLOURS[name]
    shape = {"line": {"color": colour}} if name == "calls" else {"fill": {"color": colour}}
    return {
        "name": [source, 0, column],
        "categories": [source, 1, 0, rows, len(table.dimensions) - 1],
        "values": [source, 1, column, rows, column],
        **shape,
    }


def _finish(chart: Any) -> None:
    chart.set_size({"width": 860, "height": 360})
    chart.set_legend({"position": "bottom"})
    chart.set_x_axis({"label_position": "low"})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#E3E6EC"}}})
