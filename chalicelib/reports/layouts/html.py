"""A report as one HTML page that needs nothing else: style, charts and the little script are inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.reports.figures.formula_texts import ACCURACY_FORMULA, COMPARISON_NOTE, FORMULAS, NOTES
from chalicelib.reports.figures.formulas import UNITS, Figures, Unit
from chalicelib.reports.figures.report import Report, Row, Table
from chalicelib.reports.figures.self_reported_comparison import Comparison
from chalicelib.reports.figures.verdict import judge, loses
from chalicelib.reports.layouts.labels import label, model_label, row_label, value_label
from chalicelib.reports.layouts.numbers import between, shown, with_currency

if TYPE_CHECKING:
    from jinja2 import Environment, Template

MOST_ROWS = 200
MOST_BARS = 12
MOST_JUDGEMENTS = 5
MOST_CALLS = 100
MOST_OTHERS = 12
# What a page has room for; the workbook has every figure.
COLUMNS = (
    "calls", "share", "unique", "target", "missed_percent", "leads", "deals", "conversion",
    "spend", "revenue", "gross_profit", "cpl", "cost_per_order", "roi", "romi",
)  # fmt: skip
WITH_FORMULA = frozenset({"conversion", "cpl", "cost_per_order", "roi", "romi"})  # printed in the column's head
OPEN = frozenset({"channel", "campaign"})


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure with what it was computed from."""

    word: str
    value: str
    beside: str
    loss: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the chart: lengths in percent of the longest."""

    word: str
    spend: float
    earned: float
    spend_text: str
    earned_text: str
    return_text: str
    loss: bool


def render(report: Report) -> dict[str, bytes]:
    """One file, `report.html`."""
    verdict = judge(report.tables)
    page = template("report.html.j2").render(
        report=report,
        model=model_label(report.model),
        tiles=list(_tiles(report)),
        losing=verdict.losing[:MOST_JUDGEMENTS],
        earning=verdict.earning[:MOST_JUDGEMENTS],
        thin=verdict.thin,
        charts=[
            (table, bars) for table in report.tables.values() if table.by in OPEN and (bars := _bars(report, table))
        ],
        earned_word=label("gross_profit" if report.total.gross_profit is not None else "revenue"),
        tables=[_table_view(table) for table in report.tables.values() if table.by != "hour" and any_key(table)],
        comparison=_comparison(report.comparison) if report.comparison else None,
        heat=_heat(report.tables["hour"]) if "hour" in report.tables else None,
        contacts=list(report.contacts.values()),
        calls=report.calls[:MOST_CALLS],
        formulas=[(label(name), text) for name, text in FORMULAS.items()] + [(label("accuracy"), ACCURACY_FORMULA)],
        comparison_note=COMPARISON_NOTE,
        notes=NOTES,
    )
    return {"report.html": page.encode()}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        label=label, row_label=row_label, value_label=value_label, model_label=model_label, money=with_currency
    )
    return made


def template(name: str) -> Template:
    """Return a template of this folder; everything it prints is escaped."""
    return _environment().get_template(name)


def any_key(table: Table) -> bool:
    """Return whether the grouping is worth showing: some row has a value."""
    return any(any(row.key) for row in table.rows)


def _tiles(report: Report) -> Iterable[Tile]:
    """Return the key figures, each with its formula in the period's own numbers."""
    total, currency = report.total, report.currency
    calls, unique, target = (shown(total.get(name), Unit.COUNT) for name in ("calls", "unique", "target"))
    yield Tile("Calls", calls, f"{unique} unique · {target} target")
    yield Tile("Missed", _percent(total.missed_percent), f"{total.missed} of {calls} · {total.called_back} called back")
    base = total.calls if total.leads is None else total.leads
    yield Tile(
        "Deals won", shown(total.deals, Unit.COUNT), f"{total.deals} / {base} = {_percent(total.conversion)} conversion"
    )
    if total.spend is not None:
        orders = with_currency(total.cost_per_order, currency)
        yield Tile(
            "Spend",
            with_currency(total.spend, currency),
            f"/ {total.deals} deals = {orders} an order" if orders else "no deals yet",
        )
    if total.gross_profit is not None and total.gross_profit != 0:
        yield Tile("Gross profit", with_currency(total.gross_profit, currency), "of the deals won")
    if total.revenue:
        average = with_currency(total.average_order, currency)
        yield Tile("Revenue", with_currency(total.revenue, currency), f"/ {total.deals} deals = {average} on average")
    for name, earned in (("romi", total.gross_profit), ("roi", total.revenue)):
        value = total.get(name)
        if value is not None and not (name == "roi" and total.romi is not None and not total.revenue):
            spent, got = shown(total.spend, Unit.MONEY), shown(earned, Unit.MONEY)
            yield Tile(name.upper(), _percent(value), f"({got} − {spent}) / {spent} × 100", loss=value < 0)
    if report.accuracy is not None:
        yield Tile(
            "Tracking accuracy", _percent(report.accuracy), "calls to the pool that did not need its overflow number"
        )


def _percent(value: Decimal | None) -> str:
    return "" if value is None else f"{shown(value, Unit.PERCENT)} %"


def _bars(report: Report, table: Table) -> list[Bar]:
    """Return the rows with the most money in them, in the table's order, on one scale."""
    earning = [row for row in table.rows if _most(row) > 0]
    largest = sorted(earning, key=_most, reverse=True)[:MOST_BARS]
    longest = max((_most(row) for row in largest), default=Decimal(0))
    return [_bar(report, table, row, longest) for row in sorted(largest, key=_by_return)]


def _most(row: Row) -> Decimal:
    return max(row.figures.spend or Decimal(0), row.figures.earned or Decimal(0))


def _by_return(row: Row) -> Decimal:
    value = row.figures.return_percent
    return Decimal("Infinity") if value is None else value  # losing rows first, unpaid rows last


def _bar(report: Report, table: Table, row: Row, longest: Decimal) -> Bar:
    spend, earned = row.figures.spend or Decimal(0), row.figures.earned or Decimal(0)
    return Bar(
        word=row_label(table.dimensions, row.key, row.name),
        spend=round(float(100 * spend / longest), 2),
        earned=round(float(100 * max(earned, Decimal(0)) / longest), 2),
        spend_text=with_currency(spend, report.currency) if spend else "",
        earned_text=with_currency(earned, report.currency),
        return_text=_percent(row.figures.return_percent),
        loss=loses(row.figures),
    )


def _table_view(table: Table) -> dict[str, Any]:
    """Rows as text for the template; columns that nobody supplied are left out."""
    figures = [table.total, *(row.figures for row in table.rows)]
    names = [name for name in COLUMNS if any(one.get(name) for one in figures)]
    return {
        "by": table.by,
        "word": label(table.by),
        "open": table.by in OPEN,
        "columns": [
            (name, label(name), FORMULAS[name], FORMULAS[name].split(";")[0] if name in WITH_FORMULA else "")
            for name in names
        ],
        "rows": [
            {
                "word": row_label(table.dimensions, row.key, row.name),
                "cells": _cells(row.figures, names, row.interval),
                "loss": loses(row.figures),
            }
            for row in table.rows[:MOST_ROWS]
        ],
        "total": _cells(table.total, names),
        "left_out": max(len(table.rows) - MOST_ROWS, 0),
        "count": len(table.rows),
    }


def _cells(
    figures: Figures, names: list[str], interval: tuple[Decimal, Decimal] | None = None
) -> list[dict[str, str | bool]]:
    cells: list[dict[str, str | bool]] = []
    for name in names:
        value = figures.get(name)
        exact = "" if value is None else f"{value:f}"
        cells.append(
            {
                "text": shown(value, UNITS[name]),
                "between": between(*interval) if interval and name == "calls" else "",
                "exact": exact,
                "bad": name in ("roi", "romi") and value is not None and value < 0,
            }
        )
    return cells


def _comparison(comparison: Comparison) -> dict[str, Any]:
    """Lay out a comparison: measured down the side, self-reported along the top, and the sums."""
    reported = comparison.reported
    return {
        "columns": [value_label("self_reported", name) for name in reported],
        "rows": [
            {
                "word": value_label("channel", measured),
                "cells": [_comparison_cell(comparison, measured, name) for name in reported],
                "sum": shown(comparison.count(measured=measured), Unit.COUNT),
            }
            for measured in comparison.measured
        ],
        "sums": [shown(comparison.count(reported=name), Unit.COUNT) for name in reported],
        "sum": shown(comparison.count(), Unit.COUNT),
        "asked": f"{comparison.asked} of {comparison.calls} calls",
        "asked_percent": _percent(comparison.asked_percent),
        "deals_alone": comparison.deals_alone,
        "agreement": _percent(comparison.agreement_percent),
        "agreeing": shown(comparison.agreeing, Unit.COUNT),
        "compared": shown(comparison.compared, Unit.COUNT),
        "not_advertised": shown(comparison.not_advertised, Unit.COUNT),
        "claimed": shown(comparison.claimed, Unit.COUNT),
        "others": [f"{answer} ({count})" for answer, count in comparison.others[:MOST_OTHERS]],
    }


def _comparison_cell(comparison: Comparison, measured: str, reported: str) -> dict[str, str]:
    count = comparison.count(measured, reported)
    if not count:
        return {"text": "", "mark": ""}
    mark = {True: "agree", False: "differ", None: ""}[comparison.agreement(measured, reported)]
    return {"text": shown(count, Unit.COUNT), "mark": mark}


def _heat(table: Table) -> dict[str, Any] | None:
    """Return calls by weekday and hour; strength 0 to 1 of the busiest hour."""
    counted = {row.key: row.figures for row in table.rows if all(row.key)}
    if not counted:
        return None
    busiest = max(figures.calls for figures in counted.values()) or Decimal(1)
    days = [
        (
            value_label("weekday", str(day)),
            [_heat_cell(counted.get((str(day), str(hour))), busiest) for hour in range(24)],
        )
        for day in range(1, 8)
    ]
    return {"hours": [f"{hour:02d}" for hour in range(24)], "days": days}


def _heat_cell(figures: Figures | None, busiest: Decimal) -> dict[str, str]:
    if figures is None or not figures.calls:
        return {"text": "", "strength": "0", "title": "no calls"}
    title = f"{figures.calls} calls, {figures.missed} missed, {figures.deals} deals"
    return {"text": shown(figures.calls, Unit.COUNT), "strength": f"{figures.calls / busiest:.2f}", "title": title}
