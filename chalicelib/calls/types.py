"""Calls, evidence, touches, credit and deals, as plain values. No AWS, no I/O."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from chalicelib.calls.recording import Recording
from chalicelib.calls.self_reported_words import SelfReported
from chalicelib.calls.transcript import Transcript

IMPORTED = "history-"  # how the ids of events begin that a carrier's history told, not its webhooks


class Direction(StrEnum):
    """Seen from the business: `IN` is a customer calling, `OUT` is the business ringing (back)."""

    IN = "in"
    OUT = "out"


class CallStatus(StrEnum):
    """How a call ended; `OPEN` while no event has told its end."""

    OPEN = "open"
    ACCEPTED = "accepted"
    MISSED = "missed"
    BUSY = "busy"
    FAILED = "failed"
    ABANDONED = "abandoned"


class CallEvent(Struct, frozen=True):
    """What one carrier event says of a call. None: it does not say. Times are aware UTC, durations whole seconds."""

    event_id: str  # equal for a repetition of the same event, different for any other event of the call
    call_id: str  # the carrier's id of the whole call, not of a leg
    at: datetime | None = None  # when the carrier says it happened
    direction: Direction | None = None
    caller: str | None = None  # the customer; E.164 as a carrier tells it, never as it is stored: see Caller
    number: str | None = None  # E.164 of the tracking number
    started_at: datetime | None = None
    answered_at: datetime | None = None
    line_answered_at: datetime | None = None  # the carrier took the caller's line: not yet that anybody talks to him
    ended_at: datetime | None = None  # of an event of a leg: the leg's end, and the call's where no other leg goes on
    talk_seconds: int | None = None
    line_seconds: int | None = None  # how long the caller's line was open: talk, unless an event says otherwise
    wait_seconds: int | None = None  # till somebody talked to him, as the carrier counts it
    total_seconds: int | None = None
    status: CallStatus | None = None  # only an event that tells the end gives one
    leg: str | None = None  # the carrier's id of the leg that this event is of; None: it is of the call as a whole
    who: str | None = None  # whom of the business the leg is with: extension, name, number, "" where that is not told
    rang_at: datetime | None = None  # a telephone of the business began to ring
    left_at: datetime | None = None  # the leg ended; whether the call did, other events tell
    answered_by: str | None = None
    hangup_cause: str | None = None
    recording_id: str | None = None  # the carrier's; None where it tells only a link
    recording_url: str | None = None
    recording_seconds: int | None = None
    recording_channels: int | None = None
    variables: tuple[tuple[str, str], ...] = ()  # what the carrier was told to carry along, e.g. utm_source
    promo_code: str | None = None  # keyed by the caller; whatever else he keyed is not kept: see carriers/keyed.py
    unread: str | None = None  # the field for which nothing more of the event was read; it is kept as it came
    closing: bool = False  # not the carrier's: ours, because no event told the end

    @property
    def imported(self) -> bool:
        """It comes from the carrier's history: what a webhook told counts before it."""
        return self.event_id.startswith(IMPORTED)


class KeyedCode(Struct, frozen=True):
    """A promo code that the caller keyed: nobody knows yet whether it was ever shown."""

    code: str
    at: datetime


class Leg(Struct, frozen=True):
    """One telephone of the business that a call rang: when it rang, who took it, how long he talked."""

    leg_id: str  # the carrier's
    who: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    talk_seconds: int | None  # None where he answered and no event told his end
    hangup_cause: str | None


class Caller(Struct, frozen=True):
    """A customer as he is stored with a call: who he is, what may be shown, and his number under a key."""

    key: str | None = None  # his subject; None until attribution has looked it up
    masked: str | None = None  # None once he is erased
    sealed: str | None = None  # what subjects.open_caller opens; None once he is erased

    @property
    def erased(self) -> bool:
        """Whether he was known and is not any more."""
        return self.key is not None and self.sealed is None


class Call(Struct, frozen=True):
    """One call, folded from all its events: any order and any repetition of them gives the same value."""

    site_id: str
    call_id: str  # ours: "<vendor>-<carrier's call id>", URL-safe, unique within the site
    vendor: str
    endpoint_id: str
    events: int
    first_seen_at: datetime
    started_at: datetime  # the carrier's start; first_seen_at where no event told it
    direction: Direction
    caller_key: str | None  # his subject, a pseudonym: what matching, counting and the facts use; None where withheld
    caller_masked: str | None  # None where withheld or erased
    caller_sealed: str | None  # subjects.open_caller opens it for who really needs the digits
    number: str | None  # E.164 of the tracking number
    answered_at: datetime | None
    ended_at: datetime | None
    ring_seconds: int | None  # since a telephone of the business first rang; None while it rings
    talk_seconds: int
    status: CallStatus
    answered_by: str | None  # who answered first
    hangup_cause: str | None
    recording_url: str | None
    variables: tuple[tuple[str, str], ...] = ()
    wait_seconds: int | None = None  # from the start till somebody talked, else till the end: menus, queue, ringing
    last_answered_by: str | None = None  # who answered last: another one after a transfer
    legs: tuple[Leg, ...] = ()  # in the order they rang
    promo_codes: tuple[KeyedCode, ...] = ()  # in the order they were keyed
    end_missing: bool = False  # no event told the end: the clock closed it
    unread: int = 0  # events that could not be read and lie as they came

    @property
    def caller(self) -> Caller:
        """Who called, with his number still sealed."""
        return Caller(self.caller_key, self.caller_masked, self.caller_sealed)

    @property
    def answered(self) -> bool:
        """Someone talked."""
        return self.talk_seconds > 0


class Source(Struct, frozen=True):
    """Where a touch came from, classified. Empty strings where the URL does not say."""

    channel: str  # a key of attribution.channels.CHANNELS, or the campaign registry's own channel name
    source: str  # utm_source, search engine, network or referring host
    medium: str
    campaign: str  # id or name as utm_campaign gives it
    keyword: str
    creative: str  # utm_content / ad id
    click_id: str | None = None  # "gclid=…", kept for sending conversions back


class Touch(Struct, frozen=True):
    """One arrival of a visitor: as seen (url, referrer, region) and as classified (source)."""

    at: datetime
    url: str
    referrer: str
    region: str
    source: Source


class EvidenceKind(StrEnum):
    """What ties a call to its source."""

    LIVE = "live"  # the lease ran when the call came
    GRACE = "grace"  # it had ended shortly before
    PREVIOUS = "previous"  # the number had just gone to another visitor
    SHARED = "shared"  # several visitors had seen the number: see the candidates
    REDIAL = "redial"  # the caller had called the number before, and dialled it again while another visitor had it
    STATIC = "static"  # the number stands for one source
    OVERFLOW = "overflow"  # the shared number: the pool was too small
    PROMO = "promo"  # the caller told a promo code, which names the page view
    REPEAT = "repeat"  # the call itself tells no source, an earlier one of the same caller did
    SELF_REPORTED = "self_reported"  # the caller said himself what brought him
    UNKNOWN = "unknown"  # ours, but nobody held it; or not ours


MEASURED = frozenset(
    {
        EvidenceKind.LIVE,
        EvidenceKind.GRACE,
        EvidenceKind.PREVIOUS,
        EvidenceKind.SHARED,
        EvidenceKind.REDIAL,
        EvidenceKind.STATIC,
        EvidenceKind.PROMO,
    }
)  # the call itself leads to a visitor, or its number stands for a source


class Candidate(Struct, frozen=True):
    """Somebody who may have made the call, and how likely that is."""

    share: Decimal  # of all candidates of the call, which sum to exactly 1
    likelihood: float  # calls a second that were to be expected of him at that moment, by the pool's delay profile
    visitor: str | None = None  # 24 hex digits; None: anybody who saw the number and is none of the others
    shown_at: datetime | None = None
    shown_until: datetime | None = None
    delay_seconds: float | None = None  # from `shown_until` to the call; below 0: the number still stood on his page
    stands_for: float = 1  # visitors: of those who are shown an overflow number in a storm, a sample is kept
    touches: tuple[Touch, ...] = ()  # oldest first, none after the call
    called_at: datetime | None = None  # when the caller called from this visit: the number was dialled again since


class EarlierCall(Struct, frozen=True):
    """What an earlier call of the same caller was measured by."""

    call_id: str
    started_at: datetime
    kind: EvidenceKind
    visitor: str | None
    touches: tuple[Touch, ...]
    campaign_id: str | None = None  # what its number or its promo code stands for


class Evidence(Struct, frozen=True):
    """What is known of a call's origin. Verdicts are computed from it, so another model never has to touch a call.

    The visitor, his lease and touches are those of the likeliest one; where others may have called too, `candidates`
    has all of them. A repeat keeps what the call's own evidence said: `own_kind`, `own_why` and the other fields.
    """

    kind: EvidenceKind
    why: str  # one plain sentence
    pool_id: str | None = None
    campaign_id: str | None = None  # static numbers
    visitor: str | None = None  # 24 hex digits
    leased_at: datetime | None = None
    expires_at: datetime | None = None
    touches: tuple[Touch, ...] = ()  # oldest first, none after the call
    candidates: tuple[Candidate, ...] = ()  # likeliest first; empty where nobody else comes into question
    called_at: datetime | None = None  # when the caller called from the visit whose number was now dialled again
    redial_of: str | None = None  # the caller's last call to this number, where it changed what the number alone told
    delay_profile: str | None = None  # the version of the pool's delay profile that the likelihoods are of
    repeat_of: str | None = None  # the earlier call whose source counts for this one
    own_kind: EvidenceKind | None = None
    own_why: str | None = None
    earlier: tuple[EarlierCall, ...] = ()  # the caller's measured calls before this one: his first, and the latest
    promo_page: tuple[Touch, ...] = ()  # one: the page on which he was shown the promo code that he told, and when
    by_number: tuple[Evidence, ...] = ()  # one: what the called number alone told, where a code or a redial tells more

    @property
    def of_number(self) -> Evidence:
        """What the called number alone told."""
        return self.by_number[0] if self.by_number else self

    @property
    def told_by_itself(self) -> EvidenceKind:
        """What the call was evidence of before its caller's other calls were looked at."""
        return self.own_kind or self.kind


class Credit(Struct, frozen=True):
    """One touch's part of a call under one model. The parts of a call sum to exactly 1."""

    source: Source
    weight: Decimal
    region: str
    landing_page: str
    candidate: int = 0  # which of the call's candidates this is a touch of
    share: Decimal = Decimal(1)  # that candidate's share in the call
    campaign_id: str = ""  # of the registry's campaign it is counted under


class AttributedCall(Struct, frozen=True):
    """A call with its evidence, the day it belongs to in its site's zone, and what is known of its recordings."""

    call: Call
    evidence: Evidence
    day: date
    recordings: tuple[Recording, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    self_reported: SelfReported | None = None  # what the caller said brought him, as an operator noted it


class OutcomeStatus(StrEnum):
    """What a CRM holds: a lead nobody has worked on yet, one in work, a deal won or lost."""

    LEAD = "lead"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Outcome(Struct, frozen=True):
    """What a CRM told, parsed. The pair (source, external_id) names the deal; the latest `outcome_at` wins."""

    source: str  # "generic", "bitrix24", or the name given with an upload
    external_id: str
    outcome_at: datetime
    status: OutcomeStatus
    call_id: str | None = None
    phone: str | None = None  # E.164
    amount: Decimal | None = None
    gross_profit: Decimal | None = None
    currency: str | None = None
    promo_code: str | None = None
    manager: str | None = None
    quality: int | None = None  # 1 to 5
    self_reported: SelfReported | None = None
    visitor_id: str | None = None  # what the snippet keeps in the customer's browser


class Decision(Struct, frozen=True):
    """What a person said of a deal's origin: it stands whatever is told later. Neither: it comes from nothing known."""

    at: datetime
    call_id: str | None = None
    contact_id: str | None = None


class Deal(Struct, frozen=True):
    """A deal as stored: its latest outcome, and the call or contact it was joined to."""

    site_id: str
    source: str
    external_id: str
    outcome_at: datetime
    status: OutcomeStatus
    amount: Decimal
    gross_profit: Decimal | None
    currency: str
    manager: str | None
    quality: int | None
    promo_code: str | None
    caller_key: str | None
    call_id: str | None  # ours
    day: date  # the joined call's or contact's day; the outcome's own day where none was found
    joined_by: str | None  # a value of join_rules.Tie, or None
    self_reported: SelfReported | None = None  # what the customer said brought him
    visitor: str | None = None  # the visitor that the CRM named: 24 hex digits, an alias once he is erased
    contact_id: str | None = None  # where it was joined to a contact and not to a call
    call_named: str | None = None  # what the CRM calls the call, whether we know it or not
    decision: Decision | None = None
