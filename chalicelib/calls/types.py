"""Calls, evidence, touches, credit and deals, as plain values. No AWS, no I/O."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from chalicelib.visits.types import Source

IMPORTED = "history-"  # how the ids of events begin that come from a carrier's history, not its webhooks


class Direction(StrEnum):
    """Seen from the business: `IN` is a customer calling, `OUT` is the business calling (back)."""

    IN = "in"
    OUT = "out"


class CallStatus(StrEnum):
    """How a call ended; `OPEN` while no event has reported its end."""

    OPEN = "open"
    ACCEPTED = "accepted"
    MISSED = "missed"
    BUSY = "busy"
    FAILED = "failed"
    ABANDONED = "abandoned"


class CallEvent(Struct, frozen=True):
    """What one carrier event reports of a call. None: nothing. Times are aware UTC, durations whole seconds."""

    event_id: str  # equal for a repetition of the same event, different for any other event of the call
    call_id: str  # the carrier's id of the whole call, not of a leg
    at: datetime | None = None  # when the carrier says it happened
    direction: Direction | None = None
    caller: str | None = None  # the customer; E.164 as a carrier reports it, never as it is stored: see Caller
    number: str | None = None  # E.164 of the tracking number
    started_at: datetime | None = None
    answered_at: datetime | None = None
    line_answered_at: datetime | None = None  # the carrier took the caller's line: nobody may talk to them yet
    ended_at: datetime | None = None  # of an event of a leg: the leg's end, and the call's where no other leg goes on
    talk_seconds: int | None = None
    line_seconds: int | None = None  # how long the caller's line was open: talk, unless an event says otherwise
    wait_seconds: int | None = None  # till somebody talked to the caller, as the carrier counts it
    total_seconds: int | None = None
    status: CallStatus | None = None  # only an event that reports the end gives one
    leg: str | None = None  # the carrier's id of the leg that this event is of; None: it is of the call as a whole
    who: str | None = None  # whom of the business the leg is with: extension, name, number; "" where not reported
    rang_at: datetime | None = None  # a telephone of the business began to ring
    left_at: datetime | None = None  # the leg ended; whether the call did, other events report
    answered_by: str | None = None
    hangup_cause: str | None = None
    recording_id: str | None = None  # the carrier's; None where it reports only a link
    recording_url: str | None = None
    recording_seconds: int | None = None
    recording_channels: int | None = None
    variables: tuple[tuple[str, str], ...] = ()  # values that the carrier was asked to pass on, e.g. utm_source
    promo_code: str | None = None  # keyed by the caller; other digits are not kept: see carriers/keypad_code.py
    unread: str | None = None  # the field for which nothing more of the event was read; it is kept as it came
    closing: bool = False  # not the carrier's: ours, because no event reported the end

    @property
    def imported(self) -> bool:
        """Whether it comes from the carrier's history: what a webhook reported counts before it."""
        return self.event_id.startswith(IMPORTED)


class KeyedCode(Struct, frozen=True):
    """A promo code that the caller keyed: nobody knows yet whether it was ever shown."""

    code: str
    at: datetime


class Leg(Struct, frozen=True):
    """One telephone of the business that a call rang: when it rang, who answered, how long they talked."""

    leg_id: str  # the carrier's
    who: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    talk_seconds: int | None  # None where it was answered and no event reported its end
    hangup_cause: str | None


class Caller(Struct, frozen=True):
    """A customer as stored with a call: who they are, what may be shown, and their number under a key."""

    key: str | None = None  # their subject id; None until attribution has looked it up
    masked: str | None = None  # None once they are erased
    sealed: str | None = None  # what callers.open_caller opens; None once they are erased

    @property
    def erased(self) -> bool:
        """Whether the caller was known and is not any more."""
        return self.key is not None and self.sealed is None


class Call(Struct, frozen=True):
    """One call, folded from all its events: any order and any repetition of them gives the same value."""

    site_id: str
    call_id: str  # ours: "<vendor>-<carrier's call id>", URL-safe, unique within the site
    vendor: str
    endpoint_id: str
    events: int
    first_seen_at: datetime
    started_at: datetime  # the carrier's start; first_seen_at where no event reported it
    direction: Direction
    caller_key: str | None  # their subject id, a pseudonym for matching, counting and facts; None where withheld
    caller_masked: str | None  # None where withheld or erased
    caller_sealed: str | None  # callers.open_caller opens it where the digits are needed
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
    end_missing: bool = False  # no event reported the end: the clock closed it
    unread: int = 0  # events that could not be read and are stored as they came

    @property
    def caller(self) -> Caller:
        """Return who called, with the number still sealed."""
        return Caller(self.caller_key, self.caller_masked, self.caller_sealed)

    @property
    def answered(self) -> bool:
        """Whether somebody talked."""
        return self.talk_seconds > 0


class Credit(Struct, frozen=True):
    """One touch's part of a call under one model. The parts of a call sum to exactly 1."""

    source: Source
    weight: Decimal
    region: str
    landing_page: str
    candidate: int = 0  # which of the call's candidates this is a touch of
    share: Decimal = Decimal(1)  # that candidate's share in the call
    campaign_id: str = ""  # of the registry's campaign it is counted under
