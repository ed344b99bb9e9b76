"""Money and percentages: decimal, with a currency, rounded half up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from chalicelib.core.errors import BadInput

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'\u2019")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str


def parse_currency(text: str, *, field: str = "currency") -> str:
    """Read an ISO 4217 code, in capitals. Raises BadInput naming `field`."""
    code = text.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise BadInput(field, "not a three-letter ISO 4217 currency code")
    return code


def parse_decimal(text: str | int | Decimal, *, field: str) -> Decimal:
    """Read an amount as people and spreadsheets write it: `12 500,00`, `2,520.00`, `12500.5`, `-3`.

    The last of `,` and `.` is the decimal mark, unless it occurs more than once.
    Raises BadInput naming `field`.
    """
    if isinstance(text, Decimal):
        return text
    cleaned = str(text).strip().translate(_SPACES)
    comma, dot = cleaned.rfind(","), cleaned.rfind(".")
    if comma > dot:
        cleaned = cleaned.replace(",", "") if cleaned.count(",") > 1 else cleaned.replace(".", "").replace(",", ".")
    else:
        cleaned = cleaned.replace(".", "") if cleaned.count(".") > 1 else cleaned.replace(",", "")
    try:
        amount = Decimal(cleaned)
    except InvalidOperation:
        raise BadInput(field, "not a decimal number") from None
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15:
        raise BadInput(field, "out of range")
    return amount


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """Round as a ledger does: 0.5 goes away from zero, also where the decimal context says otherwise."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return part / whole; None where the whole is zero."""
    if whole == 0:
        return None
    return Decimal(part) / Decimal(whole)


def percent(part: Decimal | int, whole: Decimal | int, digits: int = 2) -> Decimal | None:
    """Return 100 × part / whole rounded half up to `digits`; None where the whole is zero."""
    quotient = ratio(part, whole)
    return None if quotient is None else round_half_up(quotient * 100, digits)
