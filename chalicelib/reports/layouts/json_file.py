"""A report as JSON: numbers are the decimals' own digits, never through a float; no value is `null`."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.reports.figures.formula_texts import (
    ACCURACY_FORMULA,
    COMPARISON_FORMULAS,
    COMPARISON_NOTE,
    FORMULAS,
    NOTES,
)
from chalicelib.reports.figures.formulas import UNITS
from chalicelib.reports.figures.report import BOUNDS, ContactTable, Report, Row, Table
from chalicelib.reports.figures.self_reported_comparison import Comparison


def render(report: Report) -> dict[str, bytes]:
    """One file, `report.json`."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    return {"report.json": msgspec.json.format(encoder.encode(_document(report)), indent=1)}


def _document(report: Report) -> dict[str, Any]:
    return {
        "site": {"site_id": report.site_id, "name": report.site_name, "time_zone": report.time_zone},
        "period": {"from": report.first_day, "to": report.last_day},
        "model": report.model,
        "currency": report.currency,
        "generated_at": report.generated_at,
        "basis": report.basis,
        "tracking_accuracy": report.accuracy,
        "groupings": {by: _table(table) for by, table in report.tables.items()},
        "self_reported": _comparison(report.comparison) if report.comparison else None,
        "contacts": {by: _contacts(table) for by, table in report.contacts.items()},
        "calls": report.calls,
        "calls_left_out": report.calls_left_out,
        "formulas": {**FORMULAS, "tracking_accuracy": ACCURACY_FORMULA},
        "notes": NOTES,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "calls": comparison.calls,
        "asked": comparison.asked,
        "asked_percent": comparison.asked_percent,
        "deals_alone": comparison.deals_alone,
        "compared": comparison.compared,
        "agreeing": comparison.agreeing,
        "agreement_percent": comparison.agreement_percent,
        "not_advertised": comparison.not_advertised,
        "claimed": comparison.claimed,
        "cells": [
            {"measured": cell.measured, "told": cell.reported, "calls": cell.count, "agree": cell.agree}
            for cell in comparison.cells
        ],
        "others": [{"answer": answer, "count": count} for answer, count in comparison.others],
        "formulas": COMPARISON_FORMULAS,
        "note": COMPARISON_NOTE,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "rows": [_row(table, row) for row in table.rows],
        "total": {name: table.total.get(name) for name in UNITS},
    }


def _contacts(table: ContactTable) -> dict[str, Any]:
    rows = [
        {**dict(zip(table.dimensions, row.key, strict=True)), **({"name": row.name} if row.name else {}), **row.counts}
        for row in table.rows
    ]
    return {"rows": rows, "total": table.total}


def _row(table: Table, row: Row) -> dict[str, Any]:
    named = {"name": row.name} if row.name else {}
    return {
        **dict(zip(table.dimensions, row.key, strict=True)),
        **named,
        **{name: row.figures.get(name) for name in UNITS},
        **dict(zip(BOUNDS, row.interval or (), strict=False)),
    }
