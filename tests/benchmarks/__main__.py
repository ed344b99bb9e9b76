"""Measure everything, print the table, write build/bench.json and the benchmark section of docs/measurements.md.

python -m tests.benchmarks [name …]
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import imports, lending, outage, page, pool, reports, webhook
from tests.benchmarks.row import Row

ROOT = Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
GROUPS: dict[str, Callable[[], Iterator[Row]]] = {
    "lending": lending.rows,
    "counts": lending.counts,
    "pool": pool.rows,
    "webhook": webhook.rows,
    "outage": outage.rows,
    "reports": reports.rows,
    "page": page.rows,
    "imports": imports.rows,
    "lists": imports.lists,
}


def main(chosen: list[str]) -> None:
    """Run the chosen groups, all by default."""
    rows = []
    for name, measure in GROUPS.items():
        if not chosen or name in chosen:
            print(f"-- {name}", flush=True)
            for row in measure():
                rows.append(row)
                print(_line(row), flush=True)
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    print(f"\n{target.relative_to(ROOT)} · {machine()}")
    if not chosen:
        publish(rows)


def publish(rows: list[Row]) -> None:
    """Put the table between its marks in docs/measurements.md."""
    page = ROOT / "docs" / "measurements.md"
    head, _, rest = page.read_text().partition(BEGIN)
    tail = rest.partition(END)[2]
    lines = [f"`make bench` on {machine()}.", "", "| row | value | floor | ratio | |", "|---|---|---|---|---|"]
    lines += [
        f"| `{row.name}` | {row.value:g} {row.unit} | {_number(row.floor)} | {_number(row.ratio)} | {row.note} |"
        for row in rows
    ]
    page.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def machine() -> str:
    """Where it was measured."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def _line(row: Row) -> str:
    floor = "" if row.floor is None else f"{row.floor:>10.4g}"
    ratio = "" if row.ratio is None else f"{row.ratio:>8.3f}"
    return f"{row.name:<26}{row.value:>12.4g} {row.unit:<14}{floor:>10}{ratio:>8}  {row.note}"


if __name__ == "__main__":
    main(sys.argv[1:])
