"""What becomes of the calls, and what the advertising cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from infra.demo.answers import answer
from infra.demo.events import Call, Contact, Deal, Person, Spend, Step, Visit
from infra.demo.sources import FEES, PLACEMENTS, SOURCES

LEADS = 60  # percent of the people who were talked to
OF_CONTACTS = 60  # percent of forms, chats and e-mail clicks
OF_CODES = 12  # percent of the people who were shown a promo code and never called
OUTCOMES = {"won": 50, "lost": 20, "open": 10, "lead": 20}
SECOND_DEALS = 30  # percent of the customers who buy again, through a card opened by hand
CORRECTED, CANCELLED = 15, 5  # percent of the deals won: another amount, or lost after all
TALKED = 10  # seconds


class Crm:
    """Opens the cards, each customer's first one by what brought the customer, and writes what becomes of them."""

    def __init__(self, rng: Random, until: datetime) -> None:
        self.rng, self.until = rng, until
        self.served: set[Person] = set()

    def of_calls(self, calls: Iterable[Call]) -> Iterator[Deal]:
        """Cards of those who were talked to."""
        keys = count(1001)
        for call in calls:
            if not call.incoming or call.talk < TALKED or call.person is None or call.person in self.served:
                continue
            self.served.add(call.person)
            if self.rng.randrange(100) < LEADS:
                yield Deal(f"A-{next(keys)}", call.person, self._steps(call.ends_at), call, answer=answer(self.rng))

    def of_contacts(self, contacts: Iterable[Contact]) -> Iterator[Deal]:
        """Cards of those who wrote: by who they are on the website, or only by the number they left."""
        keys = count(1)
        for contact in contacts:
            person = contact.visit.person
            if not contact.is_lead or person in self.served or self.rng.randrange(100) >= OF_CONTACTS:
                continue
            self.served.add(person)
            by_phone = contact.leaves_phone and self.rng.randrange(100) < 50
            steps, said = self._steps(contact.at), answer(self.rng)
            named = None if by_phone else contact
            yield Deal(f"C-{next(keys)}", person, steps, contact=named, with_phone=by_phone, answer=said)

    def of_codes(self, visits: Iterable[Visit]) -> Iterator[Deal]:
        """Cards of people who said the promo code of a page, and of whom nothing else is known."""
        keys = count(1)
        for visit in visits:
            if visit.shows_code and visit.person not in self.served and self.rng.randrange(100) < OF_CODES:
                self.served.add(visit.person)
                steps, said = self._steps(visit.leaves_at), answer(self.rng)
                yield Deal(f"P-{next(keys)}", visit.person, steps, code_of=visit, with_phone=False, answer=said)

    def second(self, deals: list[Deal]) -> Iterator[Deal]:
        """Cards opened by hand for the same telephone number, reported in an exported file."""
        keys = count(1)
        for deal in deals:
            # An exported file has minutes, not seconds.
            at = (deal.last.at + timedelta(hours=self.rng.randrange(20, 60))).replace(second=0)
            if deal.call and deal.won and at < self.until and self.rng.randrange(100) < SECOND_DEALS:
                steps = (self._won(at), *self._correction(at))
                yield Deal(f"H-{next(keys)}", deal.person, steps, by_file=True, answer=answer(self.rng))

    def _steps(self, talked_at: datetime) -> tuple[Step, ...]:
        """Report a lead at once; days later, if before the end, what became of it, and what was wrong with that."""
        lead = Step(talked_at + timedelta(seconds=60), "lead")
        status = self.rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        decided_at = talked_at + timedelta(seconds=self.rng.randrange(3600, 6 * 86400))
        if status == "lead" or decided_at > self.until:
            return (lead,)
        if status != "won":
            return (lead, Step(decided_at, status))
        return (lead, self._won(decided_at), *self._correction(decided_at))

    def _won(self, at: datetime) -> Step:
        amount = Decimal(self.rng.randrange(900_000, 7_500_000)) / 100  # roubles and kopecks
        profit = (amount * self.rng.randrange(22, 38) / 100).quantize(Decimal("0.01"))
        return Step(at, "won", amount, profit)

    def _correction(self, won_at: datetime) -> Iterator[Step]:
        """Put a typing error right, or let the customer step back."""
        at, chance = won_at + timedelta(minutes=self.rng.randrange(20, 3000)), self.rng.randrange(100)
        if at < self.until and chance < CORRECTED:
            yield self._won(at)
        elif at < self.until and chance < CORRECTED + CANCELLED:
            yield Step(at, "lost")


def deals_of(
    rng: Random, visits: Iterable[Visit], contacts: Iterable[Contact], calls: tuple[Call, ...], until: datetime
) -> tuple[Deal, ...]:
    """Return the cards that calls, contacts and promo codes bring, and second ones opened by hand."""
    crm = Crm(rng, until)
    crm_deals = list(crm.of_calls(calls))
    crm.served.update(call.person for call in calls if call.person)
    crm_deals += [*crm.of_contacts(contacts), *crm.of_codes(visits)]
    return (*crm_deals, *crm.second(crm_deals))


def spend_of(days: tuple[date, ...], rng: Random) -> tuple[Spend, ...]:
    """Write what every click, every printed number and every agency cost, day by day."""
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
