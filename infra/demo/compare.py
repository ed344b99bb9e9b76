"""The truth beside the report. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from infra.demo.expected import GROUPINGS, Truth

SHOWN = ("calls", "unique", "missed", "leads", "deals", "revenue", "gross_profit", "spend", "roi", "romi")
NAME_WIDTH = 30


def read_report(raw: bytes) -> dict[str, Any]:
    """report.json with its numbers as decimals."""
    document: dict[str, Any] = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
    return document


def differences(truth: Truth, report: Mapping[str, Any]) -> list[str]:
    """Every figure that differs, as a sentence; rows that are missing and rows that must not be there too."""
    found = []
    for by in GROUPINGS:
        reported = _rows(report, by)
        expected = truth.tables[by]
        found += [f"{by} {_named(value)}: not in the report" for value in expected.keys() - reported.keys()]
        found += [
            f"{by} {_named(value)}: in the report, but not in the truth" for value in reported.keys() - expected.keys()
        ]
        for value in expected.keys() & reported.keys():
            found += _differing(f"{by} {_named(value)}", expected[value], reported[value])
        found += _differing(f"{by} total", truth.total, report["groupings"][by]["total"])
    found += _differing("the report", {"tracking_accuracy": truth.accuracy}, report)
    return sorted([*found, *_of_contacts(truth, report), *_of_answers(truth, report)])


def _of_contacts(truth: Truth, report: Mapping[str, Any]) -> Iterator[str]:
    """Forms, chats and the like, counted by source."""
    for by, expected in truth.contacts.items():
        reported = report["contacts"].get(by, {"rows": [], "total": {}})
        rows = {row[by]: row for row in reported["rows"]}
        yield from (f"contacts by {by} {_named(value)}: not as in the truth" for value in rows.keys() ^ expected.keys())
        for value in rows.keys() & expected.keys():
            yield from _differing(f"contacts by {by} {_named(value)}", expected[value], rows[value])
        yield from _differing(f"contacts by {by} total", truth.contacts_total, reported["total"])


def _of_answers(truth: Truth, report: Mapping[str, Any]) -> Iterator[str]:
    """Compare what customers said brought them with what was measured."""
    reported = report["self_reported"]
    if truth.answers is None or reported is None:
        if truth.answers or reported:
            yield "answers: either the truth or the report has none"
        return
    yield from _differing("answers", truth.answers, reported)
    cells = {f"{cell['measured']} × {cell['told']}": cell["calls"] for cell in reported["cells"]}
    expected = {f"{measured} × {said}": count for (measured, said), count in truth.cells.items()}
    others = {other["answer"]: other["count"] for other in reported["others"]}
    for where, true, shown in (("answers", expected, cells), ("other answers", truth.others, others)):
        yield from _differing(where, true, shown)
        yield from (f"{where} {name}: in the report, but not in the truth" for name in shown.keys() - true.keys())


def table(truth: Truth, report: Mapping[str, Any], by: str) -> Iterator[str]:
    """Two lines a row, what is true and what the report says, widest-selling first."""
    of_report = _rows(report, by)
    yield f"{by:<{NAME_WIDTH + 8}}" + "".join(f"{name:>14}" for name in SHOWN)
    rows = sorted(truth.tables[by].items(), key=lambda row: (-(row[1]["calls"] or 0), row[0]))
    for value, expected in [*rows, ("TOTAL", truth.total)]:
        reported = report["groupings"][by]["total"] if value == "TOTAL" else of_report.get(value, {})
        yield _line(_named(value), "truth", expected)
        yield _line("", "report", reported) + ("" if not _differing("", expected, reported) else "   <-- differs")


def _rows(report: Mapping[str, Any], by: str) -> dict[str, Mapping[str, Any]]:
    return {row[by]: row for row in report["groupings"][by]["rows"]}


def _differing(where: str, expected: Mapping[str, Decimal | None], reported: Mapping[str, Any]) -> list[str]:
    return [
        f"{where}: {name} is {_text(value)}, but the report says {_text(reported.get(name))}"
        for name, value in expected.items()
        if reported.get(name) != value
    ]


def _line(name: str, kind: str, figures: Mapping[str, Any]) -> str:
    return f"{name[:NAME_WIDTH]:<{NAME_WIDTH}}{kind:>8}" + "".join(f"{_text(figures.get(each)):>14}" for each in SHOWN)


def _named(value: str) -> str:
    return value or "(not set)"


def _text(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,f}".replace(",", " ")
