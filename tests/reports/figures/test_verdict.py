"""What loses and what earns, and silence where the data are thin."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.reports.figures.formulas import Figures, Tally, figures_of
from chalicelib.reports.figures.report import Row, Table
from chalicelib.reports.figures.verdict import judge


def figures(spend: int, deals: int, profit: int) -> Figures:
    tally = Tally(calls=Decimal(deals), deals=Decimal(deals), gross_profit=Decimal(profit), spend=Decimal(spend))
    return figures_of(tally, all_calls=Decimal(100), leads_kept=False)


def table(by: str, *rows: tuple[str, int, int, int]) -> Table:
    total = figures(sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows))
    return Table(by, tuple(Row((name,), figures(*numbers)) for name, *numbers in rows), total)


def test_a_row_that_returns_less_than_it_costs_loses_and_the_worst_comes_first() -> None:
    found = judge({"channel": table("channel", ("good", 100, 50, 900), ("bad", 500, 9, 300), ("worse", 900, 9, 100))})
    assert [(one.row.key[0], one.profit) for one in found.losing] == [("worse", Decimal(-800)), ("bad", Decimal(-200))]
    assert [(one.row.key[0], one.profit) for one in found.earning] == [("good", Decimal(800))]


def test_spend_without_deals_loses_once_three_orders_could_have_been_bought() -> None:
    # an order costs 10 on average: 30 spent for nothing says something, 20 does not
    found = judge({"channel": table("channel", ("usual", 950, 100, 5000), ("enough", 30, 0, 0), ("thin", 20, 0, 0))})
    assert [one.row.key[0] for one in found.losing] == ["enough"]
    assert found.thin == 1


def test_a_single_lucky_deal_is_not_called_earning() -> None:
    found = judge({"channel": table("channel", ("usual", 1000, 100, 5000), ("lucky", 5, 1, 900))})
    assert [one.row.key[0] for one in found.earning] == ["usual"]


def test_a_channels_only_campaign_is_not_said_twice_but_equal_campaigns_are_both_said() -> None:
    channels = table("channel", ("radio", 100, 5, 50))
    campaigns = table("campaign", ("spring", 100, 5, 50))
    assert [one.by for one in judge({"channel": channels, "campaign": campaigns}).losing] == ["channel"]
    twins = table("campaign", ("one", 50, 3, 25), ("two", 50, 3, 25))
    assert [one.row.key[0] for one in judge({"channel": channels, "campaign": twins}).losing] == ["radio", "one", "two"]


def test_rows_without_spend_or_without_a_name_are_not_judged() -> None:
    found = judge({"campaign": table("campaign", ("", 500, 5, 10), ("free", 0, 9, 100))})
    assert (found.losing, found.earning, found.thin) == ((), (), 0)
