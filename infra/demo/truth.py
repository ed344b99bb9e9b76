"""What the report must say, reckoned from the story alone: none of the service's own code is asked. Pure.

Formulas are written out here a second time on purpose: a mistake in one of the two shows as a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from infra.demo.events import Call, Deal, Person, Spend, Story, Visit, day_of

GROUPINGS = ("channel", "campaign", "keyword")
TARGET_SECONDS = 10
Figures = dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a call is credited to."""

    channel: str
    campaign: str = ""
    keyword: str = ""

    def get(self, by: str) -> str:
        value: str = getattr(self, by)
        return value


OVERFLOW, UNKNOWN = Origin("overflow"), Origin("unknown")


@dataclass(slots=True)
class Pile:
    """What belongs to one row."""

    calls: list[Call] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    spend: list[Spend] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Truth:
    """The expected tables: grouping → value → figures; the totals; the accuracy of the tracking in percent."""

    tables: Mapping[str, Mapping[str, Figures]]
    total: Figures
    accuracy: Decimal | None


def truth_of(story: Story) -> Truth:
    """Everything the report is compared with."""
    history = _history(story.visits)
    incoming = [call for call in story.calls if call.incoming]
    origins = _origins(incoming, history)
    sold = [(deal, origins[_call_behind(deal, incoming)]) for deal in story.deals]
    reckoner = Reckoner(story)
    tables = {}
    for by in GROUPINGS:
        piles: dict[str, Pile] = defaultdict(Pile)
        for call, origin in origins.items():
            piles[origin.get(by)].calls.append(call)
        for deal, origin in sold:
            piles[origin.get(by)].deals.append(deal)
        for cost in story.spend:
            piles[getattr(cost, by)].spend.append(cost)
        tables[by] = {value: reckoner.figures(pile) for value, pile in piles.items()}
    total = reckoner.figures(Pile(incoming, list(story.deals), list(story.spend)))
    return Truth(tables, total, _accuracy(incoming))


def _history(visits: Iterable[Visit]) -> dict[Person, list[Visit]]:
    found: dict[Person, list[Visit]] = defaultdict(list)
    for visit in visits:
        found[visit.person].append(visit)
    return found


def _origins(incoming: Iterable[Call], history: Mapping[Person, list[Visit]]) -> dict[Call, Origin]:
    """A call that tells no source by itself is credited as the caller's latest one before it that did."""
    origins: dict[Call, Origin] = {}
    measured: dict[Person, Origin] = {}
    for call in incoming:
        own = _origin(call, history)
        tells = own not in (OVERFLOW, UNKNOWN)
        origins[call] = own if tells or call.person is None else measured.get(call.person, own)
        if tells and call.person:
            measured[call.person] = own
    return origins


def _origin(call: Call, history: Mapping[Person, list[Visit]]) -> Origin:
    """His last arrival before the call that was not direct, else direct; the number itself where it has one source."""
    if call.placement:
        return Origin(call.placement.channel, call.placement.name)
    if call.visit is None:
        return UNKNOWN
    if call.visit.overflow:
        return OVERFLOW
    arrivals = [visit.source for visit in history[call.visit.person] if visit.at <= call.at]
    source = next((source for source in reversed(arrivals) if source.channel != "direct"), arrivals[-1])
    return Origin(source.channel, source.campaign, source.keyword)


def _call_behind(deal: Deal, incoming: list[Call]) -> Call:
    """The call its card came from; for a card opened by hand, the customer's latest call until then."""
    if deal.call:
        return deal.call
    return [call for call in incoming if call.person == deal.person and call.at <= deal.last.at][-1]


def _accuracy(incoming: list[Call]) -> Decimal | None:
    to_pools = [call for call in incoming if call.placement is None]
    overflow = sum(1 for call in to_pools if call.visit and call.visit.overflow)
    return _part(100 * (len(to_pools) - overflow), len(to_pools))


class Reckoner:
    """The figures of one row."""

    def __init__(self, story: Story) -> None:
        self.calls = story.calls
        self.all_incoming = sum(1 for call in story.calls if call.incoming)
        self.first_call: dict[Person, datetime] = {}
        for call in story.calls:
            if call.person:
                self.first_call.setdefault(call.person, call.at)

    def figures(self, pile: Pile) -> Figures:
        """Every figure of a row, rounded as printed; None where there is no value."""
        calls, won = pile.calls, [deal for deal in pile.deals if deal.won]
        missed = [call for call in calls if not call.talk]
        spend = sum((cost.cost for cost in pile.spend), Decimal(0))
        revenue = sum((deal.last.amount or Decimal(0) for deal in won), Decimal(0))
        profit = sum((deal.last.gross_profit or Decimal(0) for deal in won), Decimal(0))
        unique = len({call.person or call for call in calls})
        target = sum(1 for call in calls if call.talk >= TARGET_SECONDS)
        return {
            "calls": Decimal(len(calls)),
            "unique": Decimal(unique),
            "answered": Decimal(len(calls) - len(missed)),
            "target": Decimal(target),
            "missed": Decimal(len(missed)),
            "missed_percent": _part(100 * len(missed), len(calls)),
            "called_back": Decimal(sum(1 for call in missed if self._reached_later(call))),
            "share": _part(100 * len(calls), self.all_incoming, digits=1),
            "average_talk": _part(sum(call.talk for call in calls), len(calls) - len(missed), digits=1),
            "leads": Decimal(len(pile.deals)),
            "deals": Decimal(len(won)),
            "conversion": _part(100 * len(won), len(pile.deals)),
            "revenue": _rounded(revenue),
            "gross_profit": _rounded(profit),
            "average_order": _part(revenue, len(won)),
            "spend": _rounded(spend),
            "cpl": _part(spend, target),
            "cost_per_call": _part(spend, len(calls)),
            "cost_per_unique": _part(spend, unique),
            "cost_per_order": _part(spend, len(won)),
            "roi": _part(100 * (revenue - spend), spend),
            "romi": _part(100 * (profit - spend), spend),
            "sales_cycle": self._cycle(won),
        }

    def _reached_later(self, missed: Call) -> bool:
        """Whether the business rang him back within two weeks, or he got through himself the same day."""
        return any(
            later.talk
            and later.person == missed.person
            and later.at > missed.at
            and (later.at - missed.at <= timedelta(days=14) if later.back_to else day_of(later.at) == day_of(missed.at))
            for later in self.calls
            if missed.person
        )

    def _cycle(self, won: list[Deal]) -> Decimal | None:
        """The median number of days from the customer's first call to the deal."""
        seconds = [int((deal.last.at - self.first_call[deal.person]).total_seconds()) for deal in won]
        return _part(Decimal(str(median(seconds))), 86400, digits=1) if seconds else None


def _part(part: Decimal | int, whole: Decimal | int, digits: int = 2) -> Decimal | None:
    return None if whole == 0 else _rounded(Decimal(part) / Decimal(whole), digits)


def _rounded(value: Decimal, digits: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
