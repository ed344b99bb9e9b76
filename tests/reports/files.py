"""Plain files for the tests of reports, and how to read what comes out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from chalicelib.reports.plain import run


class Files:
    """A folder of input files and the report made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.answer: dict[str, Any] = {}

    def report(
        self,
        calls: Iterable[Mapping[str, Any]],
        deals: Sequence[Mapping[str, str]] = (),
        spend: Sequence[Mapping[str, str]] = (),
        **options: Any,
    ) -> Files:
        """Write the files and make the report; a call without a start began on 3 November 2026."""
        lines = (json.dumps({"started_at": "2026-11-03T10:00:00Z", **call}, ensure_ascii=False) for call in calls)
        path = self.folder / "calls.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
        tables = self._csv("deals.csv", deals), self._csv("spend.csv", spend)
        self.answer = run.run(path, *tables, out=self.out, **options)
        return self

    def _csv(self, name: str, rows: Sequence[Mapping[str, str]]) -> Path | None:
        if not rows:
            return None
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.out / "report.json").read_text("utf-8"), parse_float=Decimal)
        return document

    def rows(self, by: str) -> dict[str, dict[str, Any]]:
        """report.json's rows by their last dimension, and the total under `TOTAL`."""
        table = self.json()["groupings"][by]
        key = {"campaign_keyword": "keyword"}.get(by, by)
        return {**{row[key]: row for row in table["rows"]}, "TOTAL": table["total"]}

    def csv(self, by: str) -> dict[str, dict[str, str]]:
        """report.csv's rows by their key."""
        text = (self.out / "report.csv").read_text("utf-8-sig")
        return {row[by]: row for row in csv.DictReader(text.splitlines())}

    def xlsx(self, sheet: str) -> dict[str, dict[str, Any]]:
        """A sheet's rows by their first cell."""
        lines = list(load_workbook(self.out / "report.xlsx")[sheet].iter_rows(values_only=True))
        return {str(line[0]): dict(zip(map(str, lines[0]), line, strict=True)) for line in lines[1:]}

    def html(self) -> str:
        return (self.out / "report.html").read_text("utf-8")
