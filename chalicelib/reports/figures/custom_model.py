"""Credit under a model that the facts do not hold: their paths, weighed by the model that would have closed the day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chalicelib.attribution.models import Model
from chalicelib.reports.fact_rows import SCHEMAS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 10_000  # rows taken from the engine: all that is held in memory beside them is one call's


class _Kind(NamedTuple):
    """Facts whose credit a model weighs: where it is held, whose it is, what is repeated of that, and its paths."""

    credits: str
    paths: str
    key: str
    counted: str  # a table with one row for each that is credited
    repeated: Collection[str]  # what a credit repeats of it; the rest is of the touch


_KINDS = (
    _Kind(
        "credits",
        "paths",
        "call_id",
        "SELECT * FROM calls WHERE direction = 'in'",
        SCHEMAS["calls"].keys() - {"region"},
    ),
    _Kind(
        "contacts",
        "contact_paths",
        "contact_id",
        "SELECT site_id, contact_id, day, kind, form, hour, weekday FROM contacts_held WHERE model = 'last_touch'",
        ("site_id", "contact_id", "day", "kind", "form", "hour", "weekday"),
    ),
)
# A call of whom one possible caller had one touch needs no model. The others are sorted, on disk where they are many.
_TO_WEIGH = """
    SELECT {key}, candidate, share, position, came_at, direct FROM {paths}
    SEMI JOIN (SELECT {key} FROM {paths} WHERE day = $day GROUP BY {key} HAVING count(*) > 1) USING ({key})
    WHERE day = $day ORDER BY {key}, candidate, position"""
# A call that has no path (its day was closed before days had them) is unknown to this model.
_CREDITS = """
    SELECT {columns} FROM (SELECT * FROM ({counted}) WHERE day = $day) AS c LEFT JOIN (
        SELECT p.*, w.weight FROM {paths} AS p JOIN weights AS w USING ({key}, candidate, position) WHERE day = $day
        UNION ALL BY NAME
        SELECT p.*, 1 AS weight FROM {paths} AS p ANTI JOIN weights USING ({key}) WHERE day = $day
    ) AS p USING ({key})"""
_WITHOUT_PATH = {"channel": "'unknown'", "weight": "1", "share": "1", "candidate": "0"}


class Step(NamedTuple):
    """A row of the paths as a model asks it."""

    at: datetime
    direct: bool


def credit_by(db: DuckDBPyConnection, model: Model, folder: Path) -> None:
    """Let `credits` and `contacts` hold the credit under `model` alone, computed from their paths.

    It goes by way of files in `folder`, day by day: joins in memory are of one day's calls, however long the period.
    """
    db.execute("CREATE TEMP VIEW contacts_held AS SELECT * FROM memory.main.contacts")
    for kind in _KINDS:
        _credit_of(db, kind, model, folder)


def _credit_of(db: DuckDBPyConnection, kind: _Kind, model: Model, folder: Path) -> None:
    typed = SCHEMAS[kind.credits].items()
    columns = ", ".join(f"CAST({_column(name, kind, model)} AS {type_}) AS {name}" for name, type_ in typed)
    made = folder / f"{kind.credits}-of-one-model"
    made.mkdir()
    days = [day for (day,) in db.execute(f"SELECT DISTINCT day FROM ({kind.counted})").fetchall()]  # noqa: S608
    for day in days:
        _weigh(db, kind, model, day, folder / "weights.jsonl")
        target = made / f"{day}.parquet"
        asked = _CREDITS.format(columns=columns, counted=kind.counted, paths=kind.paths, key=kind.key)
        statement = asked.replace("$day", f"DATE '{day}'")
        db.execute(f"COPY ({statement}) TO '{target}' (FORMAT parquet)")
    if days:
        source = f"SELECT * FROM read_parquet('{made}/*.parquet')"  # noqa: S608 - our own names, as everywhere
        db.execute(f"CREATE OR REPLACE TEMP VIEW {kind.credits} AS {source}")


def _weigh(db: DuckDBPyConnection, kind: _Kind, model: Model, day: date, weights: Path) -> None:
    """Let `weights` hold what the touches of a day's calls or contacts get that have more than one."""
    encode = msgspec.json.Encoder().encode
    with weights.open("wb") as out:
        for key, rows in groupby(_rows(db, kind, day), key=lambda row: row[0]):
            for candidate, position, weight in model.split(_paths(rows)):
                row = {kind.key: key, "candidate": candidate, "position": position, "weight": weight}
                out.write(encode(row) + b"\n")
    columns = f"{{{kind.key}: 'VARCHAR', candidate: 'INTEGER', position: 'INTEGER', weight: 'DECIMAL(9,8)'}}"
    rows_of = f"read_json('{weights}', format='newline_delimited', columns={columns})"
    db.execute(f"CREATE OR REPLACE TEMP TABLE weights AS SELECT * FROM {rows_of}")  # noqa: S608


def _rows(db: DuckDBPyConnection, kind: _Kind, day: date) -> Iterator[tuple[Any, ...]]:
    found = db.execute(_TO_WEIGH.format(key=kind.key, paths=kind.paths), {"day": day})
    while rows := found.fetchmany(AT_ONCE):
        yield from rows


def _paths(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Decimal, list[Step]]]:
    """Return a call's paths. Candidates and positions count from 0 without gaps, as `facts_of_day` writes them."""
    paths: list[tuple[Decimal, list[Step]]] = []
    for _, candidate, share, _, at, direct in rows:
        if candidate == len(paths):
            paths.append((share, []))
        paths[candidate][1].append(Step(at, direct))
    return paths


def _column(name: str, kind: _Kind, model: Model) -> str:
    if name == "model":
        return f"'{model.spec}'"
    return f"c.{name}" if name in kind.repeated else f"coalesce(p.{name}, {_WITHOUT_PATH.get(name, repr(''))})"
