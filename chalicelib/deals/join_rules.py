"""Which call or contact a deal comes from. Pure: the same deal and origins give the same result in any order.

The surest tie decides (`ORDER`); among origins of one rank it is the latest before the deal, since what brought the
customer last is what they buy for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from msgspec import Struct

SOON_AFTER = timedelta(hours=1)  # a manager may write the card while the caller is still being rung back


class Tie(StrEnum):
    """What ties a deal to its origin."""

    HAND = "hand"  # a person said so
    CALL_ID = "call_id"  # the CRM named the call
    VISITOR_ID = "visitor_id"  # the CRM named the visitor
    PROMO_CODE = "promo_code"  # the CRM sent the code that the visitor was shown
    PHONE = "phone"  # the deal's number called, or was entered in a form
    DEAL = "deal"  # another deal with the same number comes from there by something surer


# What was reported for this deal comes before what is known about its customer; a card's ids are copied by machines,
# a code is spoken by people.
ORDER = ((Tie.CALL_ID,), (Tie.VISITOR_ID,), (Tie.PROMO_CODE,), (Tie.PHONE, Tie.DEAL))
AT_ANY_TIME = frozenset({Tie.CALL_ID, Tie.PROMO_CODE})  # name one origin, before or after the deal
OF_ITS_OWN = frozenset({Tie.HAND, Tie.CALL_ID, Tie.VISITOR_ID, Tie.PROMO_CODE})  # what other deals may follow


class Origin(Struct, frozen=True):
    """A call or a contact that a deal may come from, and what ties the two."""

    tie: Tie
    started_at: datetime
    kind: str  # "call", or a ContactKind
    call_id: str | None = None
    contact_id: str | None = None
    caller_key: str | None = None
    other: str | None = None  # of Tie.DEAL: the other deal, as source and id

    @property
    def ids(self) -> tuple[str | None, str | None]:
        """(call id, contact id), one of them None: the same for every tie."""
        return self.call_id, self.contact_id


class Started(Protocol):
    """Anything that began at a moment."""

    @property
    def started_at(self) -> datetime: ...


C = TypeVar("C", bound=Started)


def call_of_caller(calls: Sequence[C], outcome_at: datetime) -> C | None:
    """Return the caller's latest call at or before the outcome, else their first within an hour after it, or None."""
    before = [call for call in calls if call.started_at <= outcome_at]
    if before:
        return max(before, key=lambda call: call.started_at)
    soon = [call for call in calls if call.started_at <= outcome_at + SOON_AFTER]
    return min(soon, key=lambda call: call.started_at, default=None)


def origin_of(origins: Iterable[Origin], outcome_at: datetime) -> Origin | None:
    """Return the origin that counts: in the surest rank that has one, the one that `call_of_caller` would choose."""
    found = sorted(origins, key=_first_of_one_moment)
    for ties in ORDER:
        ranked = [origin for origin in found if origin.tie in ties]
        named = ranked[0] if ranked and ranked[0].tie in AT_ANY_TIME else None
        chosen = named or call_of_caller(ranked, outcome_at)
        if chosen:
            return chosen
    return None


def _first_of_one_moment(origin: Origin) -> tuple[bool, bool, str, str, datetime]:
    """Return a sort key: among origins of one moment a call comes first, then what needs no other deal."""
    named = origin.call_id or origin.contact_id or ""
    return origin.call_id is None, origin.tie is Tie.DEAL, named, origin.other or "", origin.started_at
