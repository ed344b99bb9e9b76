"""Fact files to a report: tables, call list, accuracy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.attribution.models import MODELS, model_of
from chalicelib.reports.facts import parquet
from chalicelib.reports.figures import custom_model, sql
from chalicelib.reports.figures.contact_tables import contact_tables
from chalicelib.reports.figures.formulas import Tally, figures_of, interval_of, tracking_accuracy
from chalicelib.reports.figures.report import GROUPINGS, NESTED, Basis, CallLine, Report, Row, Table
from chalicelib.reports.figures.self_reported_comparison import Cell, Comparison, most_first

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_CALLS_LISTED = 20_000
MOST_OTHER_ANSWERS = 50


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a report: whose, when, under which model, grouped how."""

    site_id: str
    site_name: str
    first_day: date
    last_day: date  # included
    model: str  # canonical spec
    currency: str
    time_zone: str
    groupings: tuple[str, ...] = tuple(GROUPINGS)
    campaign_names: Mapping[str, str] = field(default_factory=dict)  # of the registry: they speak before the spend's
    basis: Basis | None = None


def compose(files: parquet.FactFiles, order: Order, now: datetime, folder: Path) -> Report:
    """Read the facts and compute the report. `folder` takes what does not fit into memory.

    A model whose credit the facts do not hold is computed from their paths.
    """
    with parquet.connect(folder) as db:
        parquet.open_views(db, files)
        if order.model not in MODELS:
            custom_model.credit_by(db, model_of(order.model), folder)
        overflow, pool = sql.pool_calls(db)
        calls = sql.call_list(db, order.model, MOST_CALLS_LISTED)
        total = sql.total(db)
        comparison = _comparison(db, order, int(total.calls))
        return Report(
            site_id=order.site_id,
            site_name=order.site_name,
            first_day=order.first_day,
            last_day=order.last_day,
            model=order.model,
            currency=order.currency,
            time_zone=order.time_zone,
            generated_at=now,
            tables={by: _table(db, by, order, total) for by in _shown_groupings(order.groupings, comparison)},
            accuracy=tracking_accuracy(overflow, pool),
            calls=tuple(_call_lines(calls, order.time_zone)),
            calls_left_out=int(total.calls) - len(calls),
            basis=order.basis,
            comparison=comparison,
            contacts=contact_tables(db, order.groupings, order.model, _names(db, "campaign", order)),
        )


def _comparison(db: DuckDBPyConnection, order: Order, calls: int) -> Comparison | None:
    asked, deals_alone = sql.asked(db)
    if not asked and not deals_alone:
        return None
    cells = most_first(Cell(*row) for row in sql.answers(db, order.model))
    return Comparison(cells, calls, asked, deals_alone, tuple(sql.other_answers(db, MOST_OTHER_ANSWERS)))


def _shown_groupings(groupings: tuple[str, ...], comparison: Comparison | None) -> tuple[str, ...]:
    """Return the groupings worth showing: self-reported only where callers were asked, or where it is the only one."""
    if comparison:
        return groupings
    return tuple(by for by in groupings if by != "self_reported") or groupings


def _table(db: DuckDBPyConnection, by: str, order: Order, total: Tally) -> Table:
    dimensions = GROUPINGS[by]
    kept = sql.leads_kept(db)
    names = _names(db, dimensions[0], order)
    tallies = sql.tallies(db, dimensions, order.model)
    spreads = sql.spreads(db, dimensions, order.model)
    whole = _wholes(tallies, total, nested=by in NESTED)
    rows = [
        Row(
            key,
            figures_of(tally, all_calls=whole[key[:-1]], leads_kept=kept),
            names.get(key[0], ""),
            interval_of(tally.calls, spreads.get(key)),
        )
        for key, tally in tallies.items()
    ]
    rows.sort(key=_most_calls_first)
    return Table(by, tuple(rows), figures_of(total, all_calls=total.calls, leads_kept=kept))


def _names(db: DuckDBPyConnection, dimension: str, order: Order) -> Mapping[str, str]:
    """Name a row's value: a campaign by the registry, else by its spend; a static number by its campaign."""
    registered = order.campaign_names
    if dimension == "campaign":
        return {**sql.names_of_campaigns(db), **registered}
    if dimension == "number":
        return {number: registered.get(name, name) for number, name in sql.names_of_numbers(db).items()}
    return {}


def _wholes(tallies: dict[sql.Key, Tally], total: Tally, *, nested: bool) -> dict[sql.Key, Decimal]:
    """Return key without its last part → the calls that shares are taken of: all, or those of the parent row."""
    sums: dict[sql.Key, Decimal] = defaultdict(Decimal)
    for key, tally in tallies.items():
        sums[key[:-1]] = sums[key[:-1]] + tally.calls if nested else total.calls
    return sums


def _most_calls_first(row: Row) -> tuple[Decimal, Decimal, sql.Key]:
    return -row.figures.calls, -(row.figures.spend or Decimal(0)), row.key


def _call_lines(rows: Iterable[tuple[object, ...]], time_zone: str) -> Iterable[CallLine]:
    zone = ZoneInfo(time_zone)
    for started_at, *rest in rows:
        if not isinstance(started_at, datetime):
            raise TypeError("started_at is not a timestamp")
        yield CallLine(started_at.replace(tzinfo=UTC).astimezone(zone), *rest)  # type: ignore[arg-type]
