"""The generic CRM contract: signed JSON, one outcome or an array of them.

{"external_id", "outcome_at", "status": "lead" | "open" | "won" | "lost", "call_id"?, "phone"?, "amount"?,
 "gross_profit"?, "currency"?, "promo_code"?, "manager"?, "quality"?: 1 to 5,
 "self_reported"?: what the customer said brought him, "visitor_id"?}
"""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from chalicelib.calls import self_reported_words
from chalicelib.core import clock, json_body
from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_currency, parse_decimal
from chalicelib.core.phone import parse_phone
from chalicelib.deals.types import Outcome, OutcomeStatus
from chalicelib.registry.types import Endpoint
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.http import Request

SOURCE = "generic"
MAX_ID = 200
MAX_TEXT = 500
_VISITOR_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Body(msgspec.Struct):
    """One outcome as sent. Amounts are exact as numbers too: they are read as decimals, never as floats."""

    external_id: str
    outcome_at: str
    status: OutcomeStatus
    call_id: str | None = None
    phone: str | None = None
    amount: Decimal | None = None
    gross_profit: Decimal | None = None
    currency: str | None = None
    promo_code: str | None = None
    manager: str | None = None
    quality: int | None = None
    self_reported: str | None = None
    visitor_id: str | None = None


def verify(request: Request, endpoint: Endpoint) -> None:
    """Raises SignatureRejected unless our own scheme's headers fit the body."""
    webhook_signature.check(request.headers, request.body, endpoint.credentials.get("secret", ""), request.now)


def parse(request: Request, endpoint: Endpoint, country: str) -> tuple[Outcome, ...]:
    """The outcomes of the body. Raises BadInput naming the field, in an array with its position: `[3].amount`."""
    if not request.body.lstrip().startswith(b"["):
        return (_outcome(json_body.decode(request.body, Body), country, ""),)
    told = json_body.decode(request.body, list[Body])
    return tuple(_outcome(each, country, f"[{index}].") for index, each in enumerate(told))


def _outcome(told: Body, country: str, place: str) -> Outcome:
    try:
        return Outcome(
            source=SOURCE,
            external_id=checked_id(told.external_id),
            outcome_at=clock.parse_time(told.outcome_at, field="outcome_at"),
            status=told.status,
            call_id=told.call_id or None,
            phone=parse_phone(told.phone, country=country).e164 if told.phone else None,
            amount=_amount(told.amount, "amount"),
            gross_profit=_amount(told.gross_profit, "gross_profit"),
            currency=parse_currency(told.currency) if told.currency else None,
            promo_code=text(told.promo_code),
            manager=text(told.manager),
            quality=checked_quality(told.quality),
            self_reported=self_reported_words.parse(told.self_reported),
            visitor_id=checked_visitor(told.visitor_id),
        )
    except BadInput as error:
        raise BadInput(f"{place}{error.field}", error.reason) from None


def checked_id(external_id: str) -> str:
    """Raises BadInput for an id that is empty or too long to be a key."""
    if not external_id.strip() or len(external_id) > MAX_ID:
        raise BadInput("external_id", f"is not 1 to {MAX_ID} characters")
    return external_id.strip()


def checked_visitor(visitor_id: str | None) -> str | None:
    """An empty one as none. Raises BadInput for what the snippet cannot have given."""
    told = (visitor_id or "").strip()
    if told and not _VISITOR_ID.fullmatch(told):
        raise BadInput("visitor_id", "is not what window.callpath.visitor() says")
    return told or None


def checked_quality(quality: int | None) -> int | None:
    """Raises BadInput for what is not a mark from 1 to 5."""
    if quality is not None and not 1 <= quality <= 5:
        raise BadInput("quality", "is not 1 to 5")
    return quality


def text(told: str | None) -> str | None:
    """A short text as it is, an empty one as nothing."""
    return (told or "").strip()[:MAX_TEXT] or None


def _amount(told: Decimal | None, field: str) -> Decimal | None:
    return None if told is None else parse_decimal(str(told), field=field)
