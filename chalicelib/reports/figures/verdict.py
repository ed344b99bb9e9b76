"""Which rows lose money and which earn it, said only where the data bear it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.reports.figures.formulas import Figures
from chalicelib.reports.figures.report import Row, Table

JUDGED = ("channel", "campaign", "keyword")
FEWEST_DEALS = 3
# At the average cost of an order, this many orders' worth of spend brings none at all in 5 % of cases (e⁻³).
ORDERS_OF_SPEND = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row that loses or earns, and by how much (earned − spend, in the report's currency)."""

    by: str
    row: Row
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst losers and the best earners, largest first, and how many paid rows are too thin to judge."""

    losing: tuple[Judgement, ...]
    earning: tuple[Judgement, ...]
    thin: int


def judge(tables: Mapping[str, Table]) -> Verdict:
    """Judge every row with spend by channel, campaign and keyword, but those whose value is not set."""
    losing: list[Judgement] = []
    earning: list[Judgement] = []
    thin = 0
    said: set[tuple[object, ...]] = set()  # a channel's only campaign is not said again
    for table in (tables[by] for by in JUDGED if by in tables):
        rows = [row for row in _paid(table.rows) if _money(row) not in said]
        said.update(map(_money, rows))
        for row in rows:
            if is_thin(row.figures, table.total):
                thin += 1
            elif (profit := _profit(row.figures)) is not None:
                (losing if loses(row.figures) else earning).append(Judgement(table.by, row, profit))
    losing.sort(key=lambda found: found.profit)
    earning.sort(key=lambda found: -found.profit)
    return Verdict(tuple(losing), tuple(earning), thin)


def loses(figures: Figures) -> bool:
    """Return whether the row's return (ROMI, or ROI where gross profits are unknown) is below zero."""
    return figures.return_percent is not None and figures.return_percent < 0


def is_thin(figures: Figures, total: Figures) -> bool:
    """Whether chance alone explains the row: few deals, and not enough spent that more had to come."""
    spend, usual = figures.spend or Decimal(0), total.cost_per_order
    return figures.deals < FEWEST_DEALS and (usual is None or spend < ORDERS_OF_SPEND * usual)


def _paid(rows: Iterable[Row]) -> Iterable[Row]:
    return (row for row in rows if row.figures.spend and any(row.key))


def _money(row: Row) -> tuple[object, ...]:
    return row.figures.spend, row.figures.earned, row.figures.calls, row.figures.deals


def _profit(figures: Figures) -> Decimal | None:
    return None if figures.earned is None or figures.spend is None else figures.earned - figures.spend
