"""What a report says of one row: raw sums in, every formula of the domain out. Decimal all the way; no AWS, no I/O.

Money and percentages carry two digits and shares one, rounded half up and never forced to add up to 100.
A division by zero is no value (None), as is any figure whose data nobody supplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from chalicelib.core.money import percent, ratio, round_half_up

SECONDS_PER_DAY = 86_400
ZERO = Decimal(0)
Z_95 = Decimal("1.96")  # of a normal variable, 95 % lie within so many standard deviations


class Unit(StrEnum):
    """What a figure is measured in; layouts format by it."""

    COUNT = "count"
    PERCENT = "percent"
    SHARE = "share"
    MONEY = "money"
    SECONDS = "seconds"
    DAYS = "days"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Tally:
    """The raw sums of one row. Under a model that shares credit, counts are sums of weights; `unique` never is."""

    calls: Decimal = ZERO
    unique: int = 0
    missed: Decimal = ZERO
    target: Decimal = ZERO
    called_back: Decimal = ZERO
    talk_seconds: Decimal = ZERO
    quality_sum: Decimal = ZERO
    quality_count: Decimal = ZERO
    leads: Decimal = ZERO  # CRM cards of any status
    deals: Decimal = ZERO  # of them won
    revenue: Decimal | None = None  # None: no won deal has an amount
    gross_profit: Decimal | None = None
    cycle_seconds: Decimal | None = None  # median, from the caller's first call to the won deal
    spend: Decimal | None = None  # None: nobody supplied spend for this dimension or period


@dataclass(frozen=True, slots=True)
class Spread:
    """What a row has of calls that several visitors may have made: expected, the variance of it, and at the most."""

    calls: Decimal = ZERO
    variance: Decimal = ZERO
    most: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Figures:
    """One row as reports show it. None is an empty cell or `null`."""

    calls: Decimal
    unique: Decimal
    answered: Decimal
    target: Decimal
    missed: Decimal
    missed_percent: Decimal | None
    called_back: Decimal
    share: Decimal | None
    average_talk: Decimal | None
    average_quality: Decimal | None
    leads: Decimal | None
    deals: Decimal
    conversion: Decimal | None
    revenue: Decimal | None
    gross_profit: Decimal | None
    average_order: Decimal | None
    spend: Decimal | None
    cpl: Decimal | None
    cost_per_call: Decimal | None
    cost_per_unique: Decimal | None
    cost_per_order: Decimal | None
    roi: Decimal | None
    romi: Decimal | None
    sales_cycle: Decimal | None

    def get(self, name: str) -> Decimal | None:
        """Return the figure of that name (a key of UNITS)."""
        value: Decimal | None = getattr(self, name)
        return value

    @property
    def return_percent(self) -> Decimal | None:
        """Return ROMI, or ROI where gross profits are unknown: what a row is judged by."""
        return self.roi if self.romi is None else self.romi

    @property
    def earned(self) -> Decimal | None:
        """Return gross profit, or revenue where gross profits are unknown."""
        return self.revenue if self.gross_profit is None else self.gross_profit


UNITS: dict[str, Unit] = {
    "calls": Unit.COUNT,
    "unique": Unit.COUNT,
    "answered": Unit.COUNT,
    "target": Unit.COUNT,
    "missed": Unit.COUNT,
    "missed_percent": Unit.PERCENT,
    "called_back": Unit.COUNT,
    "share": Unit.SHARE,
    "average_talk": Unit.SECONDS,
    "average_quality": Unit.SCORE,
    "leads": Unit.COUNT,
    "deals": Unit.COUNT,
    "conversion": Unit.PERCENT,
    "revenue": Unit.MONEY,
    "gross_profit": Unit.MONEY,
    "average_order": Unit.MONEY,
    "spend": Unit.MONEY,
    "cpl": Unit.MONEY,
    "cost_per_call": Unit.MONEY,
    "cost_per_unique": Unit.MONEY,
    "cost_per_order": Unit.MONEY,
    "roi": Unit.PERCENT,
    "romi": Unit.PERCENT,
    "sales_cycle": Unit.DAYS,
}


def figures_of(tally: Tally, *, all_calls: Decimal, leads_kept: bool) -> Figures:
    """Every figure of one row.

    `all_calls` is what shares are taken of. `leads_kept` is False for a site whose CRM reports won deals only:
    there a lead is not a figure, and conversion is of calls.
    """
    spend, deals = tally.spend, tally.deals
    answered = tally.calls - tally.missed
    revenue, gross_profit = _earned(tally.revenue, deals), _earned(tally.gross_profit, deals)
    return Figures(
        calls=_count(tally.calls),
        unique=Decimal(tally.unique),
        answered=_count(answered),
        target=_count(tally.target),
        missed=_count(tally.missed),
        missed_percent=percent(tally.missed, tally.calls),
        called_back=_count(tally.called_back),
        share=percent(tally.calls, all_calls, digits=1),
        average_talk=_quotient(tally.talk_seconds, answered, digits=1),
        average_quality=_quotient(tally.quality_sum, tally.quality_count),
        leads=_count(tally.leads) if leads_kept else None,
        deals=_count(deals),
        conversion=percent(deals, tally.leads if leads_kept else tally.calls),
        revenue=_money(revenue),
        gross_profit=_money(gross_profit),
        average_order=_quotient(revenue, deals),
        spend=_money(spend),
        cpl=_quotient(spend, tally.target),
        cost_per_call=_quotient(spend, tally.calls),
        cost_per_unique=_quotient(spend, Decimal(tally.unique)),
        cost_per_order=_quotient(spend, deals),
        roi=_return(revenue, spend),
        romi=_return(gross_profit, spend),
        sales_cycle=_quotient(tally.cycle_seconds, Decimal(SECONDS_PER_DAY), digits=1),
    )


def interval_of(calls: Decimal, spread: Spread | None) -> tuple[Decimal, Decimal] | None:
    """Between what, with 95 % confidence, the count of a row's calls lies; None where no call is in doubt.

    The sum of what each call in doubt adds (Poisson-binomial) by its normal approximation, within what is possible.
    """
    if spread is None or spread.variance <= 0:
        return None
    certain, about = calls - spread.calls, Z_95 * spread.variance.sqrt()
    low, high = max(certain, calls - about), min(certain + spread.most, calls + about)
    return _count(low), _count(high)


def tracking_accuracy(overflow_calls: int, pool_calls: int) -> Decimal | None:
    """(1 − calls to the overflow number / calls to the pool) × 100; None where the pool had no calls."""
    return percent(pool_calls - overflow_calls, pool_calls)


def _earned(earned: Decimal | None, deals: Decimal) -> Decimal | None:
    """Return 0 without a deal, and None with deals that have no amount: then what was earned is unknown."""
    return ZERO if earned is None and deals == 0 else earned


def _count(value: Decimal) -> Decimal:
    """Round a count: whole where credit is not shared, else to two digits."""
    rounded = round_half_up(value, 2)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def _money(value: Decimal | None) -> Decimal | None:
    return None if value is None else round_half_up(value, 2)


def _quotient(part: Decimal | None, whole: Decimal, digits: int = 2) -> Decimal | None:
    quotient = None if part is None else ratio(part, whole)
    return None if quotient is None else round_half_up(quotient, digits)


def _return(earned: Decimal | None, spend: Decimal | None) -> Decimal | None:
    return None if earned is None or spend is None else percent(earned - spend, spend)
