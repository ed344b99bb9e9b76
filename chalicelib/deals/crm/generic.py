"""The generic CRM contract: signed JSON, one outcome or an array of them.

{"external_id", "outcome_at", "status": "lead" | "open" | "won" | "lost", "call_id"?, "phone"?, "amount"?,
 "gross_profit"?, "currency"?, "promo_code"?, "manager"?, "quality"?: 1 to 5,
 "self_reported"?: where the customer says they heard of the business, "visitor_id"?}
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
    """One outcome as sent. Amounts are read as decimals, never as floats: numbers are exact too."""

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
    """Check our own scheme's headers against the body. Raises SignatureRejected."""
    webhook_signature.check(request.headers, request.body, endpoint.credentials.get("secret", ""), request.now)


def parse(request: Request, endpoint: Endpoint, country: str) -> tuple[Outcome, ...]:
    """Parse the outcomes of the body. Raises BadInput naming the field, in an array with its index: `[3].amount`."""
    if not request.body.lstrip().startswith(b"["):
        return (_outcome(json_body.decode(request.body, Body), country, ""),)
    bodies = json_body.decode(request.body, list[Body])
    return tuple(_outcome(body, country, f"[{index}].") for index, body in enumerate(bodies))


def _outcome(body: Body, country: str, prefix: str) -> Outcome:
    try:
        return Outcome(
            source=SOURCE,
            external_id=checked_id(body.external_id),
            outcome_at=clock.parse_time(body.outcome_at, field="outcome_at"),
            status=body.status,
            call_id=body.call_id or None,
            phone=parse_phone(body.phone, country=country).e164 if body.phone else None,
            amount=_amount(body.amount, "amount"),
            gross_profit=_amount(body.gross_profit, "gross_profit"),
            currency=parse_currency(body.currency) if body.currency else None,
            promo_code=text(body.promo_code),
            manager=text(body.manager),
            quality=checked_quality(body.quality),
            self_reported=self_reported_words.parse(body.self_reported),
            visitor_id=checked_visitor(body.visitor_id),
        )
    except BadInput as error:
        raise BadInput(f"{prefix}{error.field}", error.reason) from None


def checked_id(external_id: str) -> str:
    """Return the id without outer spaces. Raises BadInput for one that is empty or too long for a key."""
    if not external_id.strip() or len(external_id) > MAX_ID:
        raise BadInput("external_id", f"is not 1 to {MAX_ID} characters")
    return external_id.strip()


def checked_visitor(visitor_id: str | None) -> str | None:
    """Return the visitor id, an empty one as None. Raises BadInput for what the snippet cannot have given."""
    checked = (visitor_id or "").strip()
    if checked and not _VISITOR_ID.fullmatch(checked):
        raise BadInput("visitor_id", "is not what window.callpath.visitor() says")
    return checked or None


def checked_quality(quality: int | None) -> int | None:
    """Return the mark. Raises BadInput for one that is not 1 to 5."""
    if quality is not None and not 1 <= quality <= 5:
        raise BadInput("quality", "is not 1 to 5")
    return quality


def text(sent: str | None) -> str | None:
    """Return a text cut to MAX_TEXT characters, an empty one as None."""
    return (sent or "").strip()[:MAX_TEXT] or None


def _amount(sent: Decimal | None, field: str) -> Decimal | None:
    return None if sent is None else parse_decimal(str(sent), field=field)
