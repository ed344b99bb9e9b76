"""Contacts as plain values: evidence like a call, of what a visitor did on the page. Pure."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from chalicelib.visits.types import Touch


class ContactKind(StrEnum):
    """What the visitor did; the last two are no event of a page but what a CRM's card names."""

    FORM = "form"
    CHAT = "chat"
    EMAIL_CLICK = "email_click"
    TEL_CLICK = "tel_click"
    REVEAL = "reveal"
    PROMO_SHOWN = "promo_shown"
    VISIT = "visit"  # the last arrival of the visitor whom a card names, if no contact of theirs is known
    PROMO_REPORTED = "promo_told"  # the page view of the promo code that a card names


# The visitor gave the business a way to reach them: a deal may come of it.
LEADS = frozenset({ContactKind.FORM, ContactKind.CHAT, ContactKind.EMAIL_CLICK})
# Made for a deal that names them: without one they are nothing, and they are never counted.
OF_A_DEAL = frozenset({ContactKind.VISIT, ContactKind.PROMO_REPORTED})
COUNTED = tuple(kind for kind in ContactKind if kind not in OF_A_DEAL)


class Contact(Struct, frozen=True):
    """One thing a visitor did, and the touches before it: models give it to sources as they give calls."""

    site_id: str
    contact_id: str  # the same for a repetition of the same event
    kind: ContactKind
    at: datetime
    day: date  # of the site's zone
    visitor: str  # 24 hex digits; an alias once they are erased
    url: str
    form: str  # the page's name for a form or a chat; empty where it has none
    code: str  # the promo code shown or named
    caller_key: str | None  # the key of the caller whose number it has
    touches: tuple[Touch, ...]  # oldest first, none after the contact
    erased: bool = False

    @property
    def started_at(self) -> datetime:
        """When it was: what deals are joined by."""
        return self.at
