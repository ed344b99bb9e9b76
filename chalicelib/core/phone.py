"""Telephone numbers in E.164, parsed once at the edge."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from chalicelib.core.errors import BadInput

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")


@dataclass(frozen=True, slots=True, order=True)
class PhoneNumber:
    """One E.164 number. `str()` and `repr()` are masked: only `.e164` shows every digit, so a log line never does."""

    e164: str

    def __post_init__(self) -> None:
        if not _E164.fullmatch(self.e164):
            raise BadInput("phone", "not an E.164 number")

    @property
    def digits(self) -> str:
        """The number without its plus sign, as most carriers write it."""
        return self.e164[1:]

    @property
    def masked(self) -> str:
        """The first digits and the last two: enough to recognise, too little to dial."""
        hidden = max(len(self.e164) - 6, 1)
        return self.e164[:4] + "*" * hidden + self.e164[-2:]

    def keyed_hash(self, key: bytes) -> str:
        """Return 32 hex digits that replace this number wherever callers are matched or counted."""
        return hmac.new(key, b"phone:" + self.e164.encode(), hashlib.sha256).hexdigest()[:32]

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"


def parse_phone(text: str, *, country: str, field: str = "phone") -> PhoneNumber:
    """Read a number as people write it; `country` (ISO 3166 alpha-2) is assumed where no prefix says otherwise.

    `8 916 000 00 02` with country RU is +79160000002. Raises BadInput naming `field`; the message repeats no digits.
    """
    candidate = text.strip()
    if _E164.fullmatch(candidate):
        return PhoneNumber(candidate)

    import phonenumbers  # 41 ms: only the numbers that are not E.164 already pay for it

    if candidate.isdigit() and len(candidate) > 11:
        candidate = "+" + candidate
    try:
        parsed = phonenumbers.parse(candidate, country.upper())
    except phonenumbers.NumberParseException as error:
        raise BadInput(field, "not a telephone number") from error
    if not phonenumbers.is_possible_number(parsed):
        raise BadInput(field, "not a possible telephone number")
    return PhoneNumber(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def parse_caller(text: str | None, *, country: str) -> PhoneNumber | None:
    """Read a caller's number as a carrier gives it; None where it is withheld or none (`anonymous`, a SIP name)."""
    if not text:
        return None
    candidate = text.strip()
    if candidate.isdigit() and len(candidate) >= 11 and not candidate.startswith("8"):
        candidate = "+" + candidate
    try:
        return parse_phone(candidate, country=country)
    except BadInput:
        return None
