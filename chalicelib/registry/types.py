"""The things an account sets up, as plain values. No AWS, no I/O."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


class NumberKind(StrEnum):
    """What a tracking number is for. `ORIGINAL` is not ours: it says that the page keeps its own number."""

    DYNAMIC = "dynamic"
    OVERFLOW = "overflow"
    STATIC = "static"
    ORIGINAL = "original"


class NumberState(StrEnum):
    """Whether a number is lent.

    `active` is; `draining` only until its lease ends; `quarantine` waits for calls to die down; `archived` went with
    its campaign.
    """

    ACTIVE = "active"
    DRAINING = "draining"
    QUARANTINE = "quarantine"
    ARCHIVED = "archived"


class HoldRule(StrEnum):
    """Where a pool's hold comes from: set by its owner, or learned from how long visitors stay."""

    FIXED = "fixed"
    LEARNED = "learned"


class RepeatRule(StrEnum):
    """Which source counts for a call of somebody who has called before."""

    NEW_VISIT = "new_visit"  # the visit this call came from; where it came from none, that of their latest call
    FIRST = "first"  # the source of their first call that was measured
    MODEL = "model"  # all their touches, over all their calls, go through the model


MOST_PROMO_DAYS = 90  # the longer codes live, the more of them do, and the longer they get
MOST_DAYS_OF_PERSONS = 1090  # calls are kept ten days longer: time to rebuild their days' facts without names


class Account(Struct, frozen=True):
    """One customer of the service."""

    account_id: str
    name: str
    created_at: datetime


class SwapRule(Struct, frozen=True):
    """What the snippet replaces: a number as the page writes it, or a CSS selector; perhaps only for one pool."""

    number: str | None = None  # E.164 of the number on the page; found in text and `tel:` links in any format
    selector: str | None = None
    pool_id: str | None = None


class Destination(Struct, frozen=True):
    """Where finished calls are delivered: a key of `attribution.destinations.DESTINATIONS` and its own options."""

    kind: str
    options: dict[str, str]


class Site(Struct, frozen=True):
    """One website of an account."""

    site_id: str
    account_id: str
    site_key: str  # publishable; may be rotated
    name: str
    allowed_origins: tuple[str, ...]  # "https://shop.example"; empty: any
    time_zone: str  # IANA name; days and hours of reports
    currency: str  # ISO 4217; all its reports
    country: str  # ISO 3166 alpha-2; assumed for numbers without a prefix
    swap: tuple[SwapRule, ...] = ()  # see `swap_rules`
    model: str = "last_non_direct"  # canonical spec of attribution.models
    lookback_days: int = 90  # touches older than that at the call do not count
    repeat_rule: RepeatRule = RepeatRule.NEW_VISIT
    share_credit: bool = True  # several possible callers share a call's credit; else the likeliest has it whole
    call_grace_seconds: int = 1800  # a call this soon after a lease ended still belongs to its last holder
    target_talk_seconds: int = 10
    destinations: tuple[Destination, ...] = ()
    delete_carrier_recordings: bool = False  # once they are stored here
    transcripts: bool = False  # recordings are written down by Amazon Transcribe
    language: str | None = None  # of those, as ru-RU; None: that of the country
    phrases: tuple[str, ...] = ()  # looked for in transcripts
    promo_days: int = 14  # how long a promo code leads to the page it was shown on, since it was last shown there
    retention_days: int | None = None  # how long callers and visitors stay known; None: as long as calls are kept

    @property
    def zone(self) -> ZoneInfo:
        """Return the site's time zone."""
        from zoneinfo import ZoneInfo  # a number request needs no zone, and would wait for its import

        return ZoneInfo(self.time_zone)

    def local(self, moment: datetime) -> datetime:
        """Return an aware moment in the site's time zone."""
        return moment.astimezone(self.zone)

    def day_of(self, moment: datetime) -> date:
        """Return the day of an aware moment in the site's time zone."""
        return self.local(moment).date()

    @property
    def days_of_persons(self) -> int:
        """How long what is personal of a call is kept, in days."""
        return self.retention_days or MOST_DAYS_OF_PERSONS

    def swap_rules(self, pool: Pool) -> tuple[SwapRule, ...]:
        """Return what the snippet replaces for a visitor of this pool: the pool's target number where no rule is."""
        rules = tuple(rule for rule in self.swap if rule.pool_id in (None, pool.pool_id))
        return rules or (SwapRule(number=pool.target_number),)


class ShownNumber(StrEnum):
    """Which number the business's telephone shows: the customer's own, or the tracking number they called."""

    CALLER = "caller"
    TRACKING = "tracking"


class Answering(Struct, frozen=True):
    """How a call is put through, as far as its carrier can (docs/carriers.md).

    A text is spoken in `language` (BCP 47; None: the carrier's own default); an https URL is of a sound that is played.
    """

    ring_seconds: int = 30  # how long the business's telephone rings
    show: ShownNumber = ShownNumber.CALLER
    announcement: str | None = None  # what the caller hears first, e.g. that the call is recorded
    whisper: str | None = None  # what the person who answers for the business hears before they are connected
    language: str | None = None


class DisplayCondition(Struct, frozen=True):
    """When a pool is shown. Empty parts fit everybody."""

    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # utm_source values or channels
    landing_patterns: tuple[str, ...] = ()  # shell-style patterns on the landing page's path


class Pool(Struct, frozen=True):
    """The tracking numbers of a site that are lent to visitors."""

    pool_id: str
    site_id: str
    name: str
    target_number: str  # E.164: calls to the pool's numbers go here
    overflow_number: str | None  # E.164: shown when no dynamic number is free
    hold_seconds: int = 360
    cooldown_seconds: int = 90
    order: int = 100  # pools are tried in ascending order
    record: bool = False
    condition: DisplayCondition = field(default_factory=DisplayCondition)
    hold: HoldRule = HoldRule.FIXED  # learned: the census replaces `hold_seconds`
    hold_min_seconds: int = 120  # bounds of a learned hold
    hold_max_seconds: int = 1800
    answering: Answering | None = None  # None: as the endpoint says that takes the call in
    address_percent: int = 10  # of the pool's numbers that one address may hold, at least 3; 100: as many as there are


class TrackingNumber(Struct, frozen=True):
    """One rented number and what it is assigned to."""

    number: str  # E.164
    site_id: str
    kind: NumberKind
    pool_id: str | None = None  # dynamic and overflow numbers
    campaign_id: str | None = None  # static numbers
    target_number: str | None = None  # static numbers: where calls go
    label: str | None = None
    group: int | None = None  # dynamic: the packed group and slot it lives in; stored, never computed
    slot: int | None = None
    state: NumberState = NumberState.ACTIVE
    state_since: datetime | None = None  # None: it was never taken out of use


MOST_PAST = 12  # past assignments of a number that are stored: its record stays below 4 KB, half a read unit


class Tenure(Struct, frozen=True):
    """A past assignment of a number, until it was assigned elsewhere."""

    owner: TrackingNumber
    until: datetime


class Ownership(Struct, frozen=True):
    """Whose a number is, and whose it was. An archived number is its last owner's until it is imported elsewhere."""

    owner: TrackingNumber
    past: tuple[Tenure, ...] = ()  # oldest first, at most MOST_PAST
    version: int = 0  # counts the changes of the record

    def owner_at(self, at: datetime) -> TrackingNumber | None:
        """Return whose the number was at a moment; None where that is more owners ago than are stored.

        The first owner is also that of the time before: a number may have been advertised for its campaign before it
        was imported, and nobody else is known to have had it.
        """
        for index, tenure in enumerate(self.past):
            if at < tenure.until:
                return None if index == 0 and len(self.past) == MOST_PAST else tenure.owner
        return self.owner

    def moved(self, number: TrackingNumber, at: datetime) -> Ownership:
        """Return the record after the number was assigned elsewhere, without past labels and targets."""
        last = self.past[-1].until if self.past else at
        was = replace(self.owner, label=None, target_number=None)
        past = (*self.past, Tenure(was, max(at, last)))[-MOST_PAST:]
        return Ownership(number, past, self.version + 1)

    def changed(self, number: TrackingNumber) -> Ownership:
        """Return the record after a change that leaves the assignment."""
        return Ownership(number, self.past, self.version + 1)


class Campaign(Struct, frozen=True):
    """A campaign the account named: how its traffic is recognised, what its calls are worth.

    A touch is the campaign's on its days, if it fits `match` or carries one of `platform_ids` (where either is given),
    and its creative is one of `creatives` (where given). With none of them, only its static numbers bring it calls.
    """

    campaign_id: str
    site_id: str
    name: str
    channel: str | None = None
    match: dict[str, str] = field(default_factory=dict)  # source, medium, campaign, keyword → value, `*` for any text
    target_talk_seconds: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None  # the last day; both in the site's zone
    archived: bool = False
    platform_ids: dict[str, tuple[str, ...]] = field(default_factory=dict)  # e.g. yandex_direct → ("592928737383",)
    creatives: tuple[str, ...] = ()  # utm_content or ad ids; `*` for any text


class Comparison(StrEnum):
    """How a rule compares; upper and lower case are the same."""

    EXACT = "exact"
    PREFIX = "prefix"
    CONTAINS = "contains"
    GLOB = "glob"  # `*` for any text, `?` for one character


class Condition(Struct, frozen=True):
    """What a rule asks of one part of a touch: that it compares with at least one of the values."""

    part: str  # a key of attribution.channel_rules.PARTS
    compare: Comparison
    values: tuple[str, ...]


class ChannelRule(Struct, frozen=True):
    """An account's own rule: a touch that meets all of `when` is counted under `channel`."""

    channel: str  # a key of attribution.channels.CHANNELS or a name of the account's own
    when: tuple[Condition, ...]
    name: str = ""
    source: str | None = None  # None: as the touch has it
    medium: str | None = None


class ChannelRules(Struct, frozen=True):
    """An account's rules in the order they are tried; `version` counts their changes."""

    rules: tuple[ChannelRule, ...] = ()
    version: int = 0


class SelfReportedRule(Struct, frozen=True):
    """An account's own rule for what customers say brought them: these phrases mean `channel`."""

    channel: str  # a key of self_reported_words.SELF_REPORTED_CHANNELS or a name of the account's own
    phrases: tuple[str, ...]  # words that follow each other in the answer; `*` is any ending of a word


class SelfReportedRules(Struct, frozen=True):
    """An account's answer rules in the order they are tried; `version` counts their changes."""

    rules: tuple[SelfReportedRule, ...] = ()
    version: int = 0


class Endpoint(Struct, frozen=True):
    """A URL we gave to a carrier or a CRM, with the credentials its signatures are checked by."""

    endpoint_id: str
    site_id: str
    kind: str  # "carrier" or "crm"
    vendor: str  # a key of CARRIERS or CRMS
    credentials: dict[str, str]  # e.g. {"auth_token": …} or {"secret": …}
    target_number: str | None = None  # carriers: where the call goes when all else fails
    record: bool = False
    time_zone: str | None = None  # carriers that write local times
    closed: bool = False  # on purpose: its events are refused; an endpoint that is merely missing still connects calls
    answering: Answering = field(default_factory=Answering)  # where the number's pool sets none


class ApiKey(Struct, frozen=True):
    """Who may use the manage API. `account_id` None is the operator, who may do everything."""

    key_id: str
    fingerprint: str
    account_id: str | None
    label: str
    created_at: datetime


class SiteSnapshot(Struct, frozen=True):
    """All that the hot functions need of one site, read in one request and cached for a minute."""

    site: Site
    pools: tuple[Pool, ...]  # in the order they are tried
    slots: dict[
        str, tuple[tuple[str, ...], ...]
    ]  # pool_id → groups → numbers by slot; "" where a slot holds no lendable number


JsonObject = dict[str, Any]
