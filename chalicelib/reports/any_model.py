"""Credit under a model that the facts do not hold: their paths, weighed by the model that would have closed the day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chalicelib.attribution.models import Model
from chalicelib.reports.facts import SCHEMAS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 10_000  # rows taken from the engine: all that is held in memory beside them is one call's
OF_THE_CALL = SCHEMAS["calls"].keys() - {"region"}  # what a credit repeats of its call; the rest is of the touch

# A call of whom one possible caller had one touch needs no model. The others are sorted, on disk where they are many.
_TO_WEIGH = """
    SELECT call_id, candidate, share, position, came_at, direct FROM paths
    SEMI JOIN (SELECT call_id FROM paths WHERE day = $day GROUP BY call_id HAVING count(*) > 1) USING (call_id)
    WHERE day = $day ORDER BY call_id, candidate, position"""
# A call that has no path (its day was closed before days had them) is unknown to this model.
_CREDITS = """
    SELECT {columns} FROM (SELECT * FROM calls WHERE day = $day AND direction = 'in') AS c LEFT JOIN (
        SELECT p.*, w.weight FROM paths AS p JOIN weights AS w USING (call_id, candidate, position) WHERE day = $day
        UNION ALL BY NAME
        SELECT p.*, 1 AS weight FROM paths AS p ANTI JOIN weights USING (call_id) WHERE day = $day
    ) AS p USING (call_id)"""
_WITHOUT_PATH = {"channel": "'unknown'", "weight": "1", "share": "1", "candidate": "0"}


class Step(NamedTuple):
    """A row of the paths as a model asks it."""

    at: datetime
    direct: bool


def credit_by(db: DuckDBPyConnection, model: Model, folder: Path) -> None:
    """Let `credits` hold the credit under `model` alone, computed from `paths` by way of files in `folder`.

    Day by day: joins in memory are of one day's calls, however long the period.
    """
    typed = SCHEMAS["credits"].items()
    columns = ", ".join(f"CAST({_column(name, model)} AS {kind}) AS {name}" for name, kind in typed)
    made = folder / "of-one-model"
    made.mkdir()
    days = [day for (day,) in db.execute("SELECT DISTINCT day FROM calls WHERE direction = 'in'").fetchall()]
    for day in days:
        _weigh(db, model, day, folder / "weights.jsonl")
        target = made / f"{day}.parquet"
        statement = _CREDITS.format(columns=columns).replace("$day", f"DATE '{day}'")
        db.execute(f"COPY ({statement}) TO '{target}' (FORMAT parquet)")
    if days:
        source = f"SELECT * FROM read_parquet('{made}/*.parquet')"  # noqa: S608 - our own names, as everywhere
        db.execute(f"CREATE OR REPLACE TEMP VIEW credits AS {source}")


def _weigh(db: DuckDBPyConnection, model: Model, day: date, weights: Path) -> None:
    """Let `weights` hold what the touches of a day's calls get that have more than one."""
    encode = msgspec.json.Encoder().encode
    with weights.open("wb") as out:
        for call_id, rows in groupby(_rows(db, day), key=lambda row: row[0]):
            for candidate, position, weight in model.split(_paths(rows)):
                row = {"call_id": call_id, "candidate": candidate, "position": position, "weight": weight}
                out.write(encode(row) + b"\n")
    columns = "{call_id: 'VARCHAR', candidate: 'INTEGER', position: 'INTEGER', weight: 'DECIMAL(9,8)'}"
    rows_of = f"read_json('{weights}', format='newline_delimited', columns={columns})"
    db.execute(f"CREATE OR REPLACE TEMP TABLE weights AS SELECT * FROM {rows_of}")  # noqa: S608


def _rows(db: DuckDBPyConnection, day: date) -> Iterator[tuple[Any, ...]]:
    found = db.execute(_TO_WEIGH, {"day": day})
    while rows := found.fetchmany(AT_ONCE):
        yield from rows


def _paths(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Decimal, list[Step]]]:
    """A call's paths. Candidates and positions are numbered from 0 without gaps, as `facts_of_day` writes them."""
    paths: list[tuple[Decimal, list[Step]]] = []
    for _, candidate, share, _, at, direct in rows:
        if candidate == len(paths):
            paths.append((share, []))
        paths[candidate][1].append(Step(at, direct))
    return paths


def _column(name: str, model: Model) -> str:
    if name == "model":
        return f"'{model.spec}'"
    return f"c.{name}" if name in OF_THE_CALL else f"coalesce(p.{name}, {_WITHOUT_PATH.get(name, repr(''))})"
