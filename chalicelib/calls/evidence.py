"""What is known of who called: the evidence of a call, and the calls of a caller before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.calls.recording import Recording
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.transcript import Transcript
from chalicelib.calls.types import Call
from chalicelib.visits.types import Touch


class EvidenceKind(StrEnum):
    """What ties a call to its source."""

    LIVE = "live"  # the lease ran when the call came
    GRACE = "grace"  # it had ended shortly before
    PREVIOUS = "previous"  # the number had just gone to another visitor
    SHARED = "shared"  # several visitors had seen the number: see the candidates
    REDIAL = "redial"  # the caller had called the number before, and dialled it again while another visitor had it
    STATIC = "static"  # the number belongs to one source
    OVERFLOW = "overflow"  # the shared number: the pool was too small
    PROMO = "promo"  # the caller gave a promo code, which names the page view
    REPEAT = "repeat"  # the call itself shows no source, an earlier one of the same caller did
    SELF_REPORTED = "self_reported"  # the caller said what brought them
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
)  # the call itself leads to a visitor, or its number belongs to a source


class Candidate(Struct, frozen=True):
    """Somebody who may have made the call, and how likely that is."""

    share: Decimal  # of all candidates of the call, which sum to exactly 1
    likelihood: float  # calls a second expected of them at that moment, by the pool's delay profile
    visitor: str | None = None  # 24 hex digits; None: anybody who saw the number and is none of the others
    shown_at: datetime | None = None
    shown_until: datetime | None = None
    delay_seconds: float | None = None  # from `shown_until` to the call; below 0: it was still on their page
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
    campaign_id: str | None = None  # of its number or its promo code


class Evidence(Struct, frozen=True):
    """What is known of a call's origin. Credit is computed from it, so another model never has to change a call.

    The visitor, their lease and touches are those of the likeliest one; where others may have called too, `candidates`
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
    redial_of: str | None = None  # the caller's last call to this number, where it changed what the number alone shows
    delay_profile: str | None = None  # the version of the pool's delay profile that the likelihoods are of
    repeat_of: str | None = None  # the earlier call whose source counts for this one
    own_kind: EvidenceKind | None = None
    own_why: str | None = None
    earlier: tuple[EarlierCall, ...] = ()  # the caller's measured calls before this one: the first, and the latest
    promo_page: Touch | None = None  # on which the visitor was shown the promo code that the caller keyed, and when
    by_number: Evidence | None = None  # what the called number alone says, where a code or a redial says more

    @property
    def of_number(self) -> Evidence:
        """Return what the called number alone shows."""
        return self.by_number or self

    @property
    def first_kind(self) -> EvidenceKind:
        """Return the kind of evidence before the caller's other calls were considered."""
        return self.own_kind or self.kind


def as_builtins(evidence: Evidence, builtin_types: Iterable[type] = ()) -> dict[str, Any]:
    """Return evidence as it is stored and sent: `promo_page` and `by_number` are lists of one or none."""
    found: dict[str, Any] = msgspec.to_builtins(evidence, builtin_types=builtin_types)
    return _listed(found)


def from_builtins(stored: dict[str, Any]) -> Evidence:
    """Return the evidence that `as_builtins` wrote."""
    return msgspec.convert(_unlisted(stored), Evidence)


def _listed(found: dict[str, Any]) -> dict[str, Any]:
    page, by_number = found["promo_page"], found["by_number"]
    return found | {"promo_page": [page] if page else [], "by_number": [_listed(by_number)] if by_number else []}


def _unlisted(stored: dict[str, Any]) -> dict[str, Any]:
    page, by_number = (next(iter(stored.get(name, ())), None) for name in ("promo_page", "by_number"))
    return stored | {"promo_page": page, "by_number": _unlisted(by_number) if by_number else None}


class AttributedCall(Struct, frozen=True):
    """A call with its evidence, the day it belongs to in its site's zone, and what is known of its recordings."""

    call: Call
    evidence: Evidence
    day: date
    recordings: tuple[Recording, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    self_reported: SelfReported | None = None  # what the caller said brought them, as an operator noted it
