"""The formulas, by the checks of the domain."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from chalicelib.reports.figures.formula_texts import FORMULAS
from chalicelib.reports.figures.formulas import UNITS, Figures, Tally, figures_of, tracking_accuracy

D = Decimal


def of(tally: Tally, *, all_calls: int | None = None, leads_kept: bool = True) -> Figures:
    return figures_of(tally, all_calls=tally.calls if all_calls is None else D(all_calls), leads_kept=leads_kept)


@pytest.mark.parametrize(
    ("tally", "figure", "value"),
    [
        (Tally(leads=D(239), deals=D(71)), "conversion", "29.71"),
        (Tally(target=D(30), spend=D(15000)), "cpl", "500.00"),
        (Tally(deals=D(71), spend=D(50000)), "cost_per_order", "704.23"),
        (Tally(deals=D(3), revenue=D(90000), spend=D(15000)), "roi", "500.00"),
        (Tally(deals=D(71), gross_profit=D(617700), spend=D(50000)), "romi", "1135.40"),
        (Tally(calls=D(40), missed=D(7)), "missed_percent", "17.50"),
        (Tally(calls=D(40), missed=D(7)), "answered", "33"),
        (Tally(calls=D(8), unique=3, spend=D(100)), "cost_per_call", "12.50"),
        (Tally(calls=D(8), unique=3, spend=D(100)), "cost_per_unique", "33.33"),
        (Tally(deals=D(3), revenue=D(100)), "average_order", "33.33"),
        (Tally(cycle_seconds=D(86400 * 3 + 43200)), "sales_cycle", "3.5"),
        (Tally(calls=D(4), missed=D(1), talk_seconds=D(100)), "average_talk", "33.3"),
        (Tally(quality_sum=D(9), quality_count=D(2)), "average_quality", "4.50"),
    ],
)
def test_each_formula_gives_the_domains_check(tally: Tally, figure: str, value: str) -> None:
    assert str(of(tally).get(figure)) == value


def test_conversion_is_of_calls_where_no_leads_are_kept() -> None:
    figures = of(Tally(calls=D(100), leads=D(5), deals=D(5)), leads_kept=False)
    assert (figures.conversion, figures.leads) == (D("5.00"), None)


def test_share_has_one_digit_rounded_half_up() -> None:
    assert of(Tally(calls=D(36)), all_calls=239).share == D("15.1")
    assert of(Tally(calls=D(1)), all_calls=2000).share == D("0.1")


def test_spend_without_deals_is_a_return_of_minus_one_hundred_percent() -> None:
    figures = of(Tally(spend=D(8000)))
    assert (figures.roi, figures.romi) == (D("-100.00"), D("-100.00"))


def test_a_division_by_zero_is_no_value() -> None:
    figures = of(Tally(spend=D(0)))
    assert [name for name in UNITS if figures.get(name) is None] == [
        "missed_percent", "share", "average_talk", "average_quality", "conversion", "average_order",
        "cpl", "cost_per_call", "cost_per_unique", "cost_per_order", "roi", "romi", "sales_cycle",
    ]  # fmt: skip


def test_an_unknown_profit_is_no_value_and_not_a_loss() -> None:
    figures = of(Tally(deals=D(2), revenue=D(500), gross_profit=None, spend=D(100)))
    assert (figures.gross_profit, figures.romi, figures.return_percent) == (None, None, D("400.00"))


def test_spend_nobody_supplied_gives_no_costs() -> None:
    figures = of(Tally(calls=D(3), target=D(2), deals=D(1), revenue=D(10)))
    assert [figures.spend, figures.cpl, figures.cost_per_call, figures.roi] == [None] * 4


@pytest.mark.parametrize(("weights", "calls"), [("0.33333333", "0.33"), ("3.00000000", "3"), ("2.99999999", "3")])
def test_shared_calls_keep_two_digits_and_whole_ones_none(weights: str, calls: str) -> None:
    assert str(of(Tally(calls=D(weights))).calls) == calls


def test_tracking_accuracy_is_what_did_not_overflow() -> None:
    assert tracking_accuracy(5, 50) == D("90.00")
    assert tracking_accuracy(0, 0) is None


def test_every_figure_has_a_unit_and_a_formula() -> None:
    assert [field.name for field in fields(Figures)] == list(UNITS) == list(FORMULAS)
