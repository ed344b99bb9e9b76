"""Two counts of the same period side by side, and only what differs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.attribution.explanation import named
from chalicelib.calls.types import Credit
from chalicelib.reports.figures.formulas import UNITS, Figures
from chalicelib.reports.figures.report import Table

Key = tuple[str, ...]
Changed = dict[str, tuple[Decimal | None, Decimal | None]]


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call whose credit differs: who gets it, with parts of it in percent where it is shared."""

    call_id: str
    started_at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row of a grouping that differs: its figures before and after, those alone that differ."""

    by: str
    key: Key
    figures: Changed


@dataclass(frozen=True, slots=True)
class ChangedRank:
    """A row whose rank changes when rows are ranked by their return; 1 is the best. None: it has no return."""

    key: Key
    before: int | None
    after: int | None


def changed_call(call_id: str, at: datetime, before: Sequence[Credit], after: Sequence[Credit]) -> ChangedCall | None:
    """Return the call as changed, or None where the same sources get the same parts of it."""
    first, other = _sources(before), _sources(after)
    return None if first == other else ChangedCall(call_id, at, first, other)


def changed_rows(before: Table, after: Table) -> list[ChangedRow]:
    """Return the rows of one grouping that differ, in the order of the table before, new ones last."""
    was, now = ({row.key: row.figures for row in table.rows} for table in (before, after))
    changed = []
    for key in dict.fromkeys([*was, *now]):
        figures = _changed_figures(was.get(key), now.get(key))
        if figures:
            changed.append(ChangedRow(before.by, key, figures))
    return changed


def changed_ranks(before: Table, after: Table) -> list[ChangedRank]:
    """Return the rows whose rank by return (ROMI, else ROI) changes, best before first."""
    was, now = ranks(before), ranks(after)
    places = {key: (was.get(key), now.get(key)) for key in dict.fromkeys([*was, *now])}
    return [ChangedRank(key, *place) for key, place in places.items() if place[0] != place[1]]


def ranks(table: Table) -> dict[Key, int]:
    """Return the rank of every row that has a return; equal returns share a rank."""
    returns = {row.key: row.figures.return_percent for row in table.rows}
    known = {key: value for key, value in returns.items() if value is not None}
    ordered = sorted(known.values(), reverse=True)
    by_rank = sorted(known, key=lambda key: (-known[key], key))
    return {key: ordered.index(known[key]) + 1 for key in by_rank}


def _changed_figures(before: Figures | None, after: Figures | None) -> Changed:
    values = {name: (before.get(name) if before else None, after.get(name) if after else None) for name in UNITS}
    return {name: pair for name, pair in values.items() if pair[0] != pair[1]}


def _sources(credit: Iterable[Credit]) -> str:
    """Name the sources that get a call: each once, heaviest first."""
    weights: dict[str, Decimal] = {}
    for part in credit:
        name = named(part.source)
        weights[name] = weights.get(name, Decimal(0)) + part.weight
    return " + ".join(_part(name, weight) for name, weight in sorted(weights.items(), key=_heaviest_first))


def _part(name: str, weight: Decimal) -> str:
    return name if weight == 1 else f"{(weight * 100).quantize(Decimal('0.1')).normalize():f} % {name}"


def _heaviest_first(part: tuple[str, Decimal]) -> tuple[Decimal, str]:
    return -part[1], part[0]


def as_pairs(changed: Mapping[str, tuple[Decimal | None, Decimal | None]]) -> dict[str, dict[str, Decimal | None]]:
    """Return changed figures as {"calls": {"before": 3, "after": 2}}."""
    return {name: {"before": before, "after": after} for name, (before, after) in changed.items()}
