"""What a CRM reports about a customer, and what is stored of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from chalicelib.calls.self_reported import SelfReported


class OutcomeStatus(StrEnum):
    """The status of a deal in a CRM: a lead nobody has worked on yet, one in work, a deal won or lost."""

    LEAD = "lead"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Outcome(Struct, frozen=True):
    """An outcome as a CRM reported it. The pair (source, external_id) names the deal; the latest `outcome_at` wins."""

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
    """What a person decided about a deal's origin; later outcomes do not change it. Neither id: no known origin."""

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
    self_reported: SelfReported | None = None
    visitor: str | None = None  # the visitor that the CRM named: 24 hex digits, an alias once they are erased
    contact_id: str | None = None  # where it was joined to a contact and not to a call
    call_named: str | None = None  # what the CRM calls the call, whether we know it or not
    decision: Decision | None = None
