"""Text against a pattern a person wrote: `*` is any text, `?` one character, case does not matter. Pure."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache


def fits(pattern: str, text: str) -> bool:
    """Return whether all of `text` fits `pattern`. No other character of a pattern is special."""
    return _compiled(pattern).fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Return whether it fits more than itself."""
    return "*" in text or "?" in text


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # fnmatch's expressions never go back over a `*`, however many there are; only its [classes] are not for us.
    return re.compile(translate(pattern.replace("[", "[[]")), re.IGNORECASE)
