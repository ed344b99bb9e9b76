"""Read a row as a deal not yet joined to its call; docs/plain-files.md lists the fields."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.self_reported_words import parse
from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_currency, parse_decimal
from chalicelib.deals.import_deals import STATUSES
from chalicelib.deals.types import OutcomeStatus
from chalicelib.reports.plain.cells import Cells, Reader, text_of
from chalicelib.reports.plain.sources import own_source
from chalicelib.visits.types import Source


class DealRow(Struct, frozen=True):
    """A deal not yet joined to its call. None: the file does not say."""

    external_id: str
    call_id: str | None
    caller_key: str | None
    outcome_at: datetime | None
    status: OutcomeStatus
    amount: Decimal | None
    gross_profit: Decimal | None
    currency: str | None
    manager: str | None
    quality: int | None
    source: Source | None
    self_reported: SelfReported | None


def deal_of(line: int, cells: Cells, reader: Reader) -> DealRow:
    """One deal. A file without statuses lists won deals. Raises BadInput naming the field."""
    status = " ".join(text_of(cells, "status").lower().split()) or "won"
    if status not in STATUSES:
        raise BadInput("status", f"not one of {', '.join(status for status in OutcomeStatus)}")
    moment = text_of(cells, "outcome_at")
    currency = text_of(cells, "currency")
    return DealRow(
        external_id=text_of(cells, "external_id") or f"line-{line}",
        call_id=text_of(cells, "call_id") or None,
        caller_key=reader.caller_key(text_of(cells, "phone", {"phone": ("caller", "from")})),
        outcome_at=reader.moment(moment, field="outcome_at") if moment else None,
        status=STATUSES[status],
        amount=_amount(cells, "amount"),
        gross_profit=_amount(cells, "gross_profit"),
        currency=parse_currency(currency) if currency else None,
        manager=text_of(cells, "manager") or None,
        quality=_quality(cells),
        source=own_source(cells),
        self_reported=parse(text_of(cells, "self_reported")),
    )


def _amount(cells: Cells, field: str) -> Decimal | None:
    text = text_of(cells, field)
    return parse_decimal(text, field=field) if text else None


def _quality(cells: Cells) -> int | None:
    text = text_of(cells, "quality")
    if not text:
        return None
    if text not in {"1", "2", "3", "4", "5"}:
        raise BadInput("quality", "not a mark from 1 to 5")
    return int(text)
