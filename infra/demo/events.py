"""What happens in the story, as plain values. Times are aware UTC in whole seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from infra.demo.sources import Market, Placement, Source

ZONE = timezone(timedelta(hours=3))  # Europe/Moscow, which knows no summer time
ZONE_NAME = "Europe/Moscow"
HOLD = timedelta(seconds=360)
RENEW_EVERY = timedelta(seconds=300)
AFTER_RELEASE = timedelta(seconds=90)  # a number given back stays its visitor's for so long
GRACE = timedelta(seconds=1800)  # a call this soon after a lease ended is its last holder's
QUARANTINE_HOUR = 8  # in the shop's zone: before it opens


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a wall clock time in the shop's zone, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """Return the shop's day a moment belongs to."""
    return moment.astimezone(ZONE).date()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a browser and a telephone."""

    key: int
    phone: str  # E.164

    @property
    def browser(self) -> str:
        """The visitor id that the browser keeps."""
        return f"browser-{self.key:05d}"

    @property
    def keeps_leases(self) -> bool:
        """Whether the browser still has its last lease when it comes back; some only know who they are."""
        return self.key % 3 > 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay on the site."""

    key: int
    person: Person
    market: Market
    source: Source
    at: datetime
    leaves_at: datetime
    says_goodbye: bool  # the browser manages to give the number back
    overflow: bool = False  # came while every number was taken
    shows_code: bool = False  # its page has a place for a promo code

    @property
    def renewals(self) -> tuple[datetime, ...]:
        """When the page renews its lease."""
        if self.overflow:
            return ()
        times = (self.leaves_at - self.at) // RENEW_EVERY
        return tuple(self.at + RENEW_EVERY * count for count in range(1, times + 1))

    @property
    def lease_ends_at(self) -> datetime:
        """When the number stops being the visitor's."""
        lapses = (self.renewals[-1] if self.renewals else self.at) + HOLD
        return min(lapses, self.leaves_at + AFTER_RELEASE) if self.says_goodbye else lapses

    @property
    def url(self) -> str:
        """Where the visitor landed, without scheme and host."""
        return self.market.path + self.source.query(self.key)

    @property
    def page(self) -> tuple[Person, str]:
        """What a promo code names: one visitor's page, however often it is opened."""
        return self.person, self.url


@dataclass(frozen=True, slots=True)
class Contact:
    """What a visitor does on the page besides calling."""

    key: int
    visit: Visit
    at: datetime
    kind: str  # form, chat, email_click, tel_click, reveal
    leaves_phone: bool = False

    @property
    def is_lead(self) -> bool:
        """Whether the business hears of it: a deal may come of it."""
        return self.kind in ("form", "chat", "email_click")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer says brought them, what that is counted as, and which measured channels it can be."""

    words: str
    channel: str  # "other": no channel
    means: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """One telephone call. Exactly one of visit, placement and remembered says how the caller came by the number."""

    key: int
    at: datetime
    person: Person | None  # None: the number is withheld
    ring: int
    talk: int  # seconds; 0: nobody answered
    visit: Visit | None = None
    placement: Placement | None = None
    remembered: str | None = None  # a dynamic number kept from some time before
    back_to: Call | None = None  # the business rings a missed caller back
    code_of: Visit | None = None  # whose page showed the promo code that the caller keys
    answer: Answer | None = None  # what the operator noted

    @property
    def incoming(self) -> bool:
        return self.back_to is None

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(seconds=self.ring + self.talk)

    @property
    def keyed_at(self) -> datetime:
        """When the caller keys the code, if any: soon after somebody answered."""
        return self.at + timedelta(seconds=self.ring + 5)

    @property
    def is_recorded(self) -> bool:
        return self.carrier == "generic" and self.talk > 0 and self.key % 5 == 0

    @property
    def carrier(self) -> str:
        """Whose webhooks report it."""
        if self.visit:
            return self.visit.market.carrier
        return "generic"


@dataclass(frozen=True, slots=True)
class Step:
    """What the CRM says of a card at one moment."""

    at: datetime
    status: str  # lead, open, won, lost
    amount: Decimal | None = None
    gross_profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """One card of the CRM. It names the call, the visitor or the promo code it comes from, or only a number."""

    key: str
    person: Person
    steps: tuple[Step, ...]  # the last one counts: a correction is one more
    call: Call | None = None
    contact: Contact | None = None  # by which the business knows the visitor
    code_of: Visit | None = None  # whose page showed the promo code that the customer said
    with_phone: bool = True
    by_file: bool = False  # reported in an exported file instead of by webhook
    answer: Answer | None = None

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def won(self) -> bool:
        return self.last.status == "won"


@dataclass(frozen=True, slots=True)
class Spend:
    """What one advertisement cost on one day."""

    day: date
    channel: str
    source: str
    medium: str
    campaign: str  # its id, or its name where it has none
    campaign_name: str
    keyword: str
    cost: Decimal
    clicks: int = 0


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A number that is not lent for some days: too many strangers dial it."""

    number: str
    first_day: date
    last_day: date  # included

    @property
    def begins_at(self) -> datetime:
        """Before the first visitor of its first day."""
        return local(self.first_day, QUARANTINE_HOUR)

    @property
    def ends_at(self) -> datetime:
        """Before the first visitor of the day after its last one."""
        return local(self.last_day + timedelta(days=1), QUARANTINE_HOUR)


@dataclass(frozen=True, slots=True)
class Story:
    """All of it, each part in the order it happened."""

    first_day: date
    last_day: date  # included
    visits: tuple[Visit, ...]
    contacts: tuple[Contact, ...]
    calls: tuple[Call, ...]
    deals: tuple[Deal, ...]
    spend: tuple[Spend, ...]
    quarantines: tuple[Quarantine, ...] = ()
    seed: int = 0  # what it was made of

    @property
    def opens_at(self) -> datetime:
        """When the shop sets itself up: the day before anything happens."""
        return local(self.first_day - timedelta(days=1), 12)

    @property
    def reported_at(self) -> datetime:
        """When it is all over and the report is made: the morning after."""
        return local(self.last_day + timedelta(days=1), 9)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first_day + timedelta(days=day) for day in range((self.last_day - self.first_day).days + 1))
