"""The promo code itself: digits only, so that it can be spoken in any language and keyed on any telephone. Pure.

A code is 7 to 9 digits: the first is not 0, for a spreadsheet would drop it; the last is the check digit of H. M. Damm
(Total anti-symmetrische Quasigruppen, 2004): it refuses every single wrong digit, every two neighbours exchanged, and
"thirteen" heard as "thirty". How rarely any other slip hits a code of somebody else: docs/promo-codes.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

SHORTEST, LONGEST = 7, 9  # digits; of ten a telephone number consists in many countries, and people key those, too
SPARSE = 1000  # numbers of a length to one live code: so rarely may a slip of several digits hit one
GROUPS = {7: (3, 4), 8: (4, 4), 9: (3, 3, 3)}  # how it is written and spoken

_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_BETWEEN = r"[\s\-\u2010-\u2015\u2212_.()\u00ad\u200b-\u200f\u2060]*"  # what people write between digits
_RUN = re.compile(rf"\d(?:{_BETWEEN}\d)*")


def digits_for(live: int) -> int:
    """Return how many digits a site's next code has: seven up to 10,000 live codes, one more for each tenfold."""
    return next((length for length in range(SHORTEST, LONGEST) if live * SPARSE <= 10**length), LONGEST)


def make(length: int, key: bytes, *named: str) -> str:
    """Return the code of `length` digits for `named`: the same every time, and unpredictable without the key."""
    least, digest = 10 ** (length - 2), "\0".join(("promo", *named)).encode()
    while True:
        digest = hmac.new(key, digest, hashlib.sha256).digest()
        body = str(least + int.from_bytes(digest) % (9 * least))
        if not _misheard(code := body + _check_digit(body)):
            return code


def is_code(digits: str) -> bool:
    """Return whether these digits may be a code: as long as one, not beginning with 0, and the check digit is right."""
    shape = SHORTEST <= len(digits) <= LONGEST and digits.isascii() and digits.isdigit() and digits[0] != "0"
    return shape and _check_digit(digits) == "0"


def read(text: str) -> str | None:
    """Find the one code in what somebody wrote, said or keyed; None where there is none, a slip, or more than one.

    Spaces, dashes, dots and brackets between the digits do not matter, nor do full-width or other digits, or words
    around them. Anything else between digits, as the `*` and `#` of a telephone, begins a new number.
    """
    plain = "".join(_plain(character) for character in unicodedata.normalize("NFKC", text))
    runs = {re.sub(r"\D", "", run) for run in _RUN.findall(plain)}
    codes = [run for run in runs if is_code(run)]
    return codes[0] if len(codes) == 1 else None


def spoken(code: str) -> str:
    """Return the code in groups, as it is shown and said: `123 4567`."""
    groups, start = [], 0
    for size in GROUPS[len(code)]:
        groups.append(code[start : start + size])
        start += size
    return " ".join(groups)


def _misheard(code: str) -> bool:
    """Return whether 12 heard as 20 (двенадцать, двадцать) gives a code. Damm's digit refuses other such pairs."""
    heard = (
        code[:index] + other + code[index + 2 :]
        for one, other in (("12", "20"), ("20", "12"))
        for index in range(len(code) - 1)
        if code[index : index + 2] == one
    )
    return any(is_code(each) for each in heard)


def _plain(character: str) -> str:
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)


def _check_digit(digits: str) -> str:
    """Return Damm's check digit of a row of digits; 0 where the row ends with it."""
    interim = "0"
    for digit in digits:
        interim = _DAMM[int(interim)][int(digit)]
    return interim
