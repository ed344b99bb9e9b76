"""A report over five million calls, and the rebuild of one day, against what they cannot be faster than."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.reports import close_day
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.fact_rows import SCHEMAS
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from tests.benchmarks import month
from tests.benchmarks.engine import tables
from tests.benchmarks.row import Row, against_floor
from tests.reports import day

CALLS = 5_000_000
REPORTS = 3
DAY_CALLS, REBUILDS, WARM_UP = 500, 20, 3
BUCKET = "bench"
NOW = datetime(2026, 12, 1, tzinfo=UTC)

# The channel table's calls by hand: the sums of each row, its callers, and the callers of all rows.
SUMS = """
    SELECT channel, sum(weight), sum(weight) FILTER (missed), sum(weight) FILTER (target),
           sum(weight) FILTER (called_back), sum(weight * talk_seconds), sum(weight * quality)
    FROM credits WHERE model = 'last_non_direct' GROUP BY channel"""
CALLERS = """
    WITH pairs AS (
        SELECT DISTINCT channel, CAST(caller_key AS UUID) AS caller FROM credits WHERE model = 'last_non_direct')
    SELECT channel, count(*) FROM pairs GROUP BY channel
    UNION ALL SELECT '', count(*) FROM (SELECT DISTINCT caller FROM pairs)"""


def rows() -> Iterator[Row]:
    """`report_5m`, `report_day_rebuild`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield _report(Path(folder))
    with tables() as client:
        yield _day_rebuild(client)


def _report(folder: Path) -> Row:
    """Measure a report by channel, over two queries written by hand that its calls cannot be counted without."""
    files = month.write(folder, CALLS)
    first_day, last_day = month.DAYS[0], month.DAYS[-1]
    order = Order("s1", "Shop", first_day, last_day, "last_non_direct", "RUB", "Europe/Moscow", ("channel",))

    def report() -> None:
        table = compose(files, order, NOW, folder).tables["channel"]
        if table.total.calls != CALLS or len(table.rows) != len(month.CHANNELS):
            raise AssertionError("the report did not count every call")

    def by_hand() -> None:
        with parquet.connect(folder) as db:
            parquet.open_views(db, files)
            if len(db.execute(SUMS).fetchall()) + 1 != len(db.execute(CALLERS).fetchall()):
                raise AssertionError("the queries did not see the same channels")

    spent = _alternately({"report": report, "floor": by_hand}, REPORTS, warm_up=0)
    megabytes = sum(path.stat().st_size for kind in SCHEMAS for path in files.of(kind)) / 1e6
    note = f"by channel, {CALLS:,} calls in {len(month.DAYS)} days ({megabytes:,.0f} MB), over its calls by hand"
    return against_floor("report_5m", spent["report"], spent["floor"], "s", note)


def _day_rebuild(client: Any) -> Row:
    """Measure the rebuild of a changed day, over reading its calls once and writing its files once."""
    os.environ["CALLPATH_BUCKET"] = BUCKET
    settings.cache_clear()
    aws.s3().create_bucket(Bucket=BUCKET)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), _folder() as folder:
        day.register()
        for turn in range(DAY_CALLS):
            at = day.NOON + timedelta(seconds=turn)
            call = day.call(f"c{turn}", at=at, caller=f"+7916{turn:07d}", touches=("paid_search", "direct"))
            if turn % 20 == 0:
                day.won(call)
        close_day.rebuild(day.SITE.site_id, day.DAY, NOW)
        floor = _read_and_write(client, folder)
        spent = _alternately(
            {"rebuild": lambda: close_day.rebuild(day.SITE.site_id, day.DAY, NOW), "floor": floor}, REBUILDS, WARM_UP
        )
    note = f"{DAY_CALLS} calls, {DAY_CALLS // 20} deals, over one query of the calls and one write of the files"
    return against_floor("report_day_rebuild", spent["rebuild"], spent["floor"], "s", note)


def _read_and_write(client: Any, folder: Path) -> Callable[[], None]:
    files = facts_bucket.fetch(day.SITE.site_id, day.DAY, day.DAY, folder)
    facts = {kind: _rows_of(files, kind, folder) for kind in SCHEMAS}

    def step() -> None:
        query = {
            "TableName": settings().calls_table,
            "IndexName": "by_day",
            "KeyConditionExpression": "site_day = :day",
            "ExpressionAttributeValues": {":day": {"S": f"{day.SITE.site_id}#{day.DAY.isoformat()}"}},
        }
        read = sum(len(page["Items"]) for page in client.get_paginator("query").paginate(**query))
        if read != DAY_CALLS:
            raise AssertionError("the day's calls were not all read")
        with parquet.connect(folder) as db:
            for kind, source in facts.items():
                path = folder / f"floor-{kind}.parquet"
                db.execute(f"COPY (SELECT * FROM '{source}') TO '{path}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608
                aws.s3().put_object(Bucket=BUCKET, Key=f"floor/{kind}", Body=path.read_bytes())

    return step


def _rows_of(files: parquet.FactFiles, kind: str, folder: Path) -> Path:
    """One kind's facts of the day as a table of text, which a Parquet file can be made of."""
    path = folder / f"floor-{kind}.csv"
    with parquet.connect(folder) as db:
        parquet.open_views(db, files)
        db.execute(f"COPY (SELECT * FROM {kind}) TO '{path}' (HEADER)")  # noqa: S608
    return path


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


def _alternately(steps: dict[str, Callable[[], None]], rounds: int, warm_up: int) -> dict[str, list[float]]:
    """Seconds of each step, shuffled within every round."""
    spent: dict[str, list[float]] = {name: [] for name in steps}
    order, shuffle = list(steps), random.Random(5).shuffle
    for turn in range(warm_up + rounds):
        shuffle(order)
        for name in order:
            before = time.perf_counter()
            steps[name]()
            if turn >= warm_up:
                spent[name].append(time.perf_counter() - before)
    return spent
