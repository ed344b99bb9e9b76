"""Fact files to the tables of what visitors did besides calling: forms, chats, e-mail clicks, reveals, codes shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.contacts.types import COUNTED
from chalicelib.core.money import round_half_up
from chalicelib.reports.figures import sql
from chalicelib.reports.figures.report import CONTACT_GROUPINGS, GROUPINGS, ContactRow, ContactTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def contact_tables(
    db: DuckDBPyConnection, groupings: tuple[str, ...], model: str, names: Mapping[str, str]
) -> dict[str, ContactTable]:
    """Return a table for each grouping of contacts; none where there were no contacts in the period.

    `names` are those of campaigns.
    """
    counts = sql.contacts(db, (), model).get((), {})
    total = _counted(counts)
    if not any(total.values()):
        return {}
    return {by: _table(db, by, model, names, total) for by in groupings if by in CONTACT_GROUPINGS}


def _table(
    db: DuckDBPyConnection, by: str, model: str, names: Mapping[str, str], total: Mapping[str, Decimal]
) -> ContactTable:
    found = sql.contacts(db, GROUPINGS[by], model)
    rows = [
        ContactRow(key, counts, names.get(key[0], "") if by == "campaign" else "")
        for key, kinds in found.items()
        if any((counts := _counted(kinds)).values())
    ]
    rows.sort(key=lambda row: (-sum(row.counts.values()), row.key))
    return ContactTable(by, tuple(rows), total)


def _counted(kinds: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Every kind that is counted: whole where credit is not shared, else to two digits, as calls are."""
    return {kind: _count(kinds.get(kind, Decimal(0))) for kind in COUNTED}


def _count(value: Decimal) -> Decimal:
    rounded = round_half_up(value, 2)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded
