"""What becomes of the calls, and what the advertising cost. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from infra.demo.events import Call, Deal, Person, Spend, Step, local
from infra.demo.sources import FEES, PLACEMENTS, SOURCES

LEADS = 60  # percent of the people who were talked to
OUTCOMES = {"won": 50, "lost": 20, "open": 10, "lead": 20}
SECOND_DEALS = 30  # percent of the customers who buy again, through a card opened by hand
TALKED = 10  # seconds


def deals_of(rng: Random, calls: tuple[Call, ...], until: datetime) -> tuple[Deal, ...]:
    """Cards from calls, and second ones opened by hand for the same telephone number."""
    keys = count(1001)
    deals: list[Deal] = []
    served: set[Person] = set()
    for call in calls:
        if not call.incoming or call.talk < TALKED or call.person is None or call.person in served:
            continue
        served.add(call.person)
        if rng.randrange(100) < LEADS:
            deals.append(Deal(f"A-{next(keys)}", call.person, call, tuple(_steps(rng, call.ends_at, until))))
    return (*deals, *_second_deals(rng, deals, until))


def _steps(rng: Random, talked_at: datetime, until: datetime) -> Iterator[Step]:
    """A lead at once; days later, if they are not over by then, what became of it."""
    yield Step(talked_at + timedelta(seconds=60), "lead")
    status = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    decided_at = talked_at + timedelta(seconds=rng.randrange(3600, 6 * 86400))
    if status == "lead" or decided_at > until:
        return
    yield _won(rng, decided_at) if status == "won" else Step(decided_at, status)


def _won(rng: Random, at: datetime) -> Step:
    amount = Decimal(rng.randrange(900_000, 7_500_000)) / 100  # roubles and kopecks
    profit = (amount * rng.randrange(22, 38) / 100).quantize(Decimal("0.01"))
    return Step(at, "won", amount, profit)


def _second_deals(rng: Random, deals: list[Deal], until: datetime) -> Iterator[Deal]:
    keys = count(1)
    for deal in deals:
        # An exported file tells minutes, not seconds.
        at = (deal.last.at + timedelta(hours=rng.randrange(20, 60))).replace(second=0)
        if deal.won and at < until and rng.randrange(100) < SECOND_DEALS:
            yield Deal(f"H-{next(keys)}", deal.person, None, (_won(rng, at),), by_file=True)


def spend_of(days: tuple[date, ...], rng: Random) -> tuple[Spend, ...]:
    """What every click, every printed number and every agency cost, day by day."""
    return (*_clicks(days, rng), *_fixed(days))


def _clicks(days: tuple[date, ...], rng: Random) -> Iterator[Spend]:
    for day in days:
        for paid in (source for source in SOURCES if source.price):
            clicks = round(paid.clicks_a_day * rng.uniform(0.6, 1.4))
            named = (paid.channel, paid.source, paid.medium, paid.campaign, paid.campaign_name, paid.keyword)
            yield Spend(day, *named, cost=paid.price * clicks, clicks=clicks)


def _fixed(days: tuple[date, ...]) -> Iterator[Spend]:
    for day in days:
        for placement in PLACEMENTS:
            yield Spend(day, placement.channel, "", "", placement.name, placement.name, "", placement.cost_a_day)
    for fee in FEES:
        yield Spend(days[0], fee.channel, fee.source, fee.medium, fee.campaign, fee.campaign_name, "", fee.cost)


def end_of(days: tuple[date, ...]) -> datetime:
    """The last moment at which anything happens."""
    return local(days[-1], 22)
