"""What the report must say, computed from the story alone: none of the service's answers or code is asked. Pure.

Formulas are written out here a second time on purpose: a mistake in one of the two shows as a difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from infra.demo.answers import NOT_ADVERTISED
from infra.demo.events import Answer, Call, Contact, Deal, Person, Spend, Story, Visit, day_of

GROUPINGS = ("channel", "campaign", "keyword")
ADVERTISED = frozenset({"paid_search", "paid_social", "classifieds", "offline"})
TARGET_SECONDS = 10
Figures = dict[str, Decimal | None]
Counts = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a call, a contact or a deal is credited to."""

    channel: str
    campaign: str = ""
    keyword: str = ""

    def get(self, by: str) -> str:
        value: str = getattr(self, by)
        return value


OVERFLOW, UNKNOWN = Origin("overflow"), Origin("unknown")
KINDS = ("form", "chat", "email_click", "tel_click", "reveal", "promo_shown")  # of contacts, as they are counted


@dataclass(slots=True)
class Pile:
    """What belongs to one row."""

    calls: list[Call] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    spend: list[Spend] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Truth:
    """The expected tables: grouping → value → figures, and grouping → value → contacts by kind; the totals.

    `answers` is what customers said beside what was measured, None where nobody was asked.
    """

    tables: Mapping[str, Mapping[str, Figures]]
    total: Figures
    accuracy: Decimal | None
    contacts: Mapping[str, Mapping[str, Counts]]
    contacts_total: Counts
    answers: Figures | None
    cells: Mapping[tuple[str, str], Decimal]  # (measured channel, said channel) → answers
    others: Mapping[str, Decimal]  # answers that name no channel → how often


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a deal comes from: at which moment, credited to what, and which call it was, if it was one."""

    at: datetime
    origin: Origin
    call: Call | None = None


def truth_of(story: Story) -> Truth:
    """Everything the report is compared with."""
    history = History(story)
    incoming = [call for call in story.calls if call.incoming]
    origins = _origins(incoming, history)
    beginnings = {deal: _beginning(deal, story, history, origins) for deal in story.deals}
    reckoner = Reckoner(story)
    tables = {}
    for by in GROUPINGS:
        piles: dict[str, Pile] = defaultdict(Pile)
        for call, origin in origins.items():
            piles[origin.get(by)].calls.append(call)
        for deal, beginning in beginnings.items():
            piles[beginning.origin.get(by)].deals.append(deal)
        for cost in story.spend:
            piles[getattr(cost, by)].spend.append(cost)
        tables[by] = {value: reckoner.figures(pile) for value, pile in piles.items()}
    total = reckoner.figures(Pile(incoming, list(story.deals), list(story.spend)))
    done = [*((each.kind, history.origin(each.visit.person, each.at)) for each in story.contacts)]
    done += [("promo_shown", history.origin(person, at)) for (person, _), at in history.shown.items()]
    contacts = {by: _counted((origin.get(by), kind) for kind, origin in done) for by in GROUPINGS}
    contacts_total = _counted(("", kind) for kind, _ in done).get("", {})
    said = _answers(incoming, beginnings)
    cells = _cells(said, origins)
    compared = _compared(incoming, said, cells) if said else None
    others = Counter(answer.words.lower() for _, answer in said if answer.channel == "other")
    counted = {words: Decimal(count) for words, count in others.items()}
    return Truth(tables, total, _accuracy(incoming), contacts, contacts_total, compared, cells, counted)


class History:
    """Who came when, and which pages showed whom a promo code first."""

    def __init__(self, story: Story) -> None:
        self.visits: dict[Person, list[Visit]] = defaultdict(list)
        self.shown: dict[tuple[Person, str], datetime] = {}  # a page that is opened again shows the same code again
        for visit in story.visits:
            self.visits[visit.person].append(visit)
            if visit.shows_code:
                self.shown.setdefault(visit.page, visit.at)

    def origin(self, person: Person, at: datetime) -> Origin:
        """Return the last arrival up to a moment that was not direct, else direct."""
        arrivals = [visit.source for visit in self.visits[person] if visit.at <= at]
        source = next((source for source in reversed(arrivals) if source.channel != "direct"), arrivals[-1])
        return Origin(source.channel, source.campaign, source.keyword)

    def code_shown_at(self, visit: Visit) -> datetime:
        """When the promo code of a visit's page was shown for the first time."""
        return self.shown[visit.page]


def _origins(incoming: Iterable[Call], history: History) -> dict[Call, Origin]:
    """Credit a call that shows no source by itself as the caller's latest one before it that did."""
    origins: dict[Call, Origin] = {}
    measured: dict[Person, Origin] = {}
    for call in incoming:
        own = _origin(call, history)
        shows = own not in (OVERFLOW, UNKNOWN)
        origins[call] = own if shows or call.person is None else measured.get(call.person, own)
        if shows and call.person:
            measured[call.person] = own
    return origins


def _origin(call: Call, history: History) -> Origin:
    """Whose page's promo code was keyed; the number itself where it has one source; else who was lent the number."""
    if call.code_of:
        return history.origin(call.code_of.person, call.keyed_at)
    if call.placement:
        return Origin(call.placement.channel, call.placement.name)
    if call.visit is None:
        return UNKNOWN
    return OVERFLOW if call.visit.overflow else history.origin(call.visit.person, call.at)


def _beginning(deal: Deal, story: Story, history: History, origins: Mapping[Call, Origin]) -> Beginning:
    """Return what the card names; where it names only a number, the latest before the deal that had that number."""
    named = _named(deal, story, history, origins)
    if named:
        return named
    calls = (Beginning(call.at, origin, call) for call, origin in origins.items() if call.person == deal.person)
    written = (
        Beginning(each.at, history.origin(deal.person, each.at))
        for each in story.contacts
        if each.visit.person == deal.person and each.is_lead and each.leaves_phone
    )
    others = (
        _named(other, story, history, origins)
        for other in story.deals
        if other is not deal and other.person == deal.person and other.with_phone
    )
    known = [*calls, *written, *(other for other in others if other)]
    return max((each for each in known if each.at <= deal.last.at), key=lambda each: each.at)


def _named(deal: Deal, story: Story, history: History, origins: Mapping[Call, Origin]) -> Beginning | None:
    """Return what a card names: its call, its visitor's latest form, chat or e-mail click, its promo code's page."""
    if deal.call:
        return Beginning(deal.call.at, origins[deal.call], deal.call)
    if deal.contact:
        at = max(each.at for each in _leads(deal.person, story.contacts) if each.at <= deal.last.at)
        return Beginning(at, history.origin(deal.person, at))
    if deal.code_of:
        at = history.code_shown_at(deal.code_of)
        return Beginning(at, history.origin(deal.person, at))
    return None


def _leads(person: Person, contacts: Iterable[Contact]) -> list[Contact]:
    return [contact for contact in contacts if contact.is_lead and contact.visit.person == person]


def _answers(incoming: Iterable[Call], beginnings: Mapping[Deal, Beginning]) -> list[tuple[Call | None, Answer]]:
    """Return what was said, by call: what the operator noted, else what its latest deal says; None: by no call."""
    of_calls: dict[Call, Answer] = {}
    alone: list[tuple[Call | None, Answer]] = []
    for deal, beginning in sorted(beginnings.items(), key=lambda pair: pair[0].last.at):
        if deal.answer and beginning.call:
            of_calls[beginning.call] = deal.answer
        elif deal.answer:
            alone.append((None, deal.answer))
    of_calls |= {call: call.answer for call in incoming if call.answer}
    return [*of_calls.items(), *alone]


def _cells(
    said: Iterable[tuple[Call | None, Answer]], origins: Mapping[Call, Origin]
) -> dict[tuple[str, str], Decimal]:
    """Put a deal that comes from no call beside the source that its card names: none."""
    counted = Counter((origins[call].channel if call else "unknown", answer.channel) for call, answer in said)
    return {cell: Decimal(count) for cell, count in counted.items()}


def _compared(
    incoming: list[Call], said: list[tuple[Call | None, Answer]], cells: Mapping[tuple[str, str], Decimal]
) -> Figures:
    """How far what was said can be what was measured."""
    means = {answer.channel: answer.means | {answer.channel} for _, answer in said}
    asked = sum(1 for call, _ in said if call)
    comparable = {
        cell: count for cell, count in cells.items() if cell[0] not in ("unknown", "overflow") and cell[1] != "other"
    }
    compared = sum(comparable.values(), Decimal(0))
    agreeing = sum((count for (channel, said), count in comparable.items() if channel in means[said]), Decimal(0))
    unadvertised = {cell: count for cell, count in cells.items() if cell[1] in NOT_ADVERTISED}
    claimed = sum((count for (channel, _), count in unadvertised.items() if channel in ADVERTISED), Decimal(0))
    return {
        "calls": Decimal(len(incoming)),
        "asked": Decimal(asked),
        "asked_percent": _part(100 * asked, len(incoming)),
        "deals_alone": Decimal(len(said) - asked),
        "compared": compared,
        "agreeing": agreeing,
        "agreement_percent": _part(100 * agreeing, compared),
        "not_advertised": sum(unadvertised.values(), Decimal(0)),
        "claimed": claimed,
    }


def _counted(done: Iterable[tuple[str, str]]) -> dict[str, Counts]:
    """(value, kind) of each contact → value → every kind → how many."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for value, kind in done:
        found[value][kind] += 1
    return {value: {kind: Decimal(counts[kind]) for kind in KINDS} for value, counts in found.items()}


def _accuracy(incoming: list[Call]) -> Decimal | None:
    to_pools = [call for call in incoming if call.placement is None]
    overflow = sum(1 for call in to_pools if call.visit and call.visit.overflow)
    return _part(100 * (len(to_pools) - overflow), len(to_pools))


class Reckoner:
    """The figures of one row."""

    def __init__(self, story: Story) -> None:
        self.calls, self.deals = story.calls, story.deals
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
            "leads": Decimal(len(pile.deals)) if self.leads_are_reported else None,
            "deals": Decimal(len(won)),
            "conversion": _part(100 * len(won), len(pile.deals) if self.leads_are_reported else len(calls)),
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

    @property
    def leads_are_reported(self) -> bool:
        """Whether the CRM reports cards that are not won: without them there is nothing that converts."""
        return any(not deal.won for deal in self.deals)

    def _reached_later(self, missed: Call) -> bool:
        """Whether the business rang back within two weeks, or the caller got through the same day."""
        return any(
            later.talk
            and later.person == missed.person
            and later.at > missed.at
            and (later.at - missed.at <= timedelta(days=14) if later.back_to else day_of(later.at) == day_of(missed.at))
            for later in self.calls
            if missed.person
        )

    def _cycle(self, won: list[Deal]) -> Decimal | None:
        """Return the median number of days from the customer's first call to the deal, of those who ever called."""
        called = [deal for deal in won if deal.person in self.first_call]
        seconds = [int((deal.last.at - self.first_call[deal.person]).total_seconds()) for deal in called]
        return _part(Decimal(str(median(seconds))), 86400, digits=1) if seconds else None


def _part(part: Decimal | int, whole: Decimal | int, digits: int = 2) -> Decimal | None:
    return None if whole == 0 else _rounded(Decimal(part) / Decimal(whole), digits)


def _rounded(value: Decimal, digits: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
