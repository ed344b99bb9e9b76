"""One module per file format of a report, each with `render(report)`: file name → bytes.

A further format is a module here and a line in LAYOUTS.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from chalicelib.reports.figures.report import Report

LAYOUTS = {
    "xlsx": "chalicelib.reports.layouts.xlsx",
    "csv": "chalicelib.reports.layouts.csv_file",
    "json": "chalicelib.reports.layouts.json_file",
    "html": "chalicelib.reports.layouts.html",
}
CONTENT_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
}


def render_all(report: Report) -> dict[str, bytes]:
    """Every file of a report in every format, by file name."""
    files: dict[str, bytes] = {}
    for module in LAYOUTS.values():
        render: Callable[[Report], dict[str, bytes]] = import_module(module).render
        files.update(render(report))
    return files
