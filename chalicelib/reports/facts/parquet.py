"""Facts as Parquet files, by DuckDB. Knows files only; `facts_store` knows S3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.reports.fact_rows import SCHEMAS, Fact

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROW_GROUP = 50_000


@dataclass(frozen=True, slots=True)
class FactFiles:
    """The Parquet files a report reads, by kind; a kind without files is an empty table."""

    paths: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    def of(self, kind: str) -> Sequence[Path]:
        """Return the files of one kind."""
        return self.paths.get(kind, ())


def connect(folder: Path) -> DuckDBPyConnection:
    """DuckDB within a report function's memory; what does not fit goes to `folder`.

    It cannot put aside all it works on: a quarter of this was too little for a month of five million calls.
    """
    import duckdb  # 250 ms and 69 MB: only the report functions carry it

    config: dict[str, Any] = {
        "memory_limit": "1GB",
        "temp_directory": str(folder / "temporary"),
        "threads": 2,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    return duckdb.connect(":memory:", config=config)


def write(path: Path, kind: str, facts: Iterable[Fact]) -> None:
    """Write one Parquet file of one kind, whole. An empty one is a file too: the day is known to hold nothing."""
    rows = path.with_suffix(".jsonl")
    with rows.open("wb") as lines:
        encoder = msgspec.json.Encoder()
        for fact in facts:
            lines.write(encoder.encode(fact) + b"\n")
    columns = ", ".join(f"{name}: '{column}'" for name, column in SCHEMAS[kind].items())
    order = "ORDER BY model" if kind == "credits" else ""  # a model's rows lie together: a scan skips the others'
    with connect(path.parent) as db:
        db.execute(
            f"COPY (SELECT * FROM read_json('{rows}', format='newline_delimited', columns={{{columns}}}) {order}) "  # noqa: S608 - our own names
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        )
    rows.unlink()


def open_views(db: DuckDBPyConnection, files: FactFiles) -> None:
    """Make `calls`, `credits`, `paths`, `deals` and `spend` readable as tables.

    A column that files of an earlier version do not have is NULL in them.
    """
    for kind, schema in SCHEMAS.items():
        paths = [str(path) for path in files.of(kind)]
        if paths:
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            source = f"read_parquet([{listed}], union_by_name=true)"
            there = {name for name, *_ in db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
            missing = "".join(
                f", CAST(NULL AS {column}) AS {name}" for name, column in schema.items() if name not in there
            )
            db.execute(f"CREATE VIEW {kind} AS SELECT *{missing} FROM {source}")  # noqa: S608
        else:
            columns = ", ".join(f"{name} {column}" for name, column in schema.items())
            db.execute(f"CREATE TABLE {kind} ({columns})")
