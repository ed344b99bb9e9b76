"""Find a site's key phrases in what was said, in any case and, up to a point, with any ending. Pure.

No dictionary and no grammar: two words are the same word if they begin alike and the rest looks like an ending. That
finds «доставку» for «доставка» and "delivered" for "delivery", and now and then a word that only looks related.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.calls.transcript import PhraseFound, Word

ENDING = 3  # letters that a longer form of a word may have more
_WORD = re.compile(r"[^\W_]+")


def find_phrases(words: Sequence[Word], phrases: Sequence[str]) -> tuple[PhraseFound, ...]:
    """Return every phrase by party in the order of `phrases`; a phrase counts if one party said its words in a row."""
    found = []
    for phrase in phrases:
        wanted = normal(phrase)
        by_party: dict[str, list[float]] = {}
        for party in sorted({word.party for word in words}):
            times = _times(wanted, [word for word in words if word.party == party])
            if times:
                by_party[party] = times
        found += [PhraseFound(phrase, party, len(times), times[0]) for party, times in by_party.items()]
    return tuple(found)


def normal(text: str) -> list[str]:
    """Return the words of a text, comparable: lower case, ё as е, no punctuation."""
    return _WORD.findall(text.casefold().replace("ё", "е"))


def alike(wanted: str, said: str) -> bool:
    """Return whether two normal words are taken to be forms of one.

    Up to three letters, and anything with a digit, must be equal. A longer word may differ in its last letter, from
    seven letters on in its last two, and be up to three letters longer.
    """
    if wanted == said:
        return True
    if len(wanted) < 4 or not (wanted.isalpha() and said.isalpha()):
        return False
    stem = len(wanted) - (1 if len(wanted) < 7 else 2)
    return said[:stem] == wanted[:stem] and stem <= len(said) <= len(wanted) + ENDING


def _times(wanted: list[str], words: Sequence[Word]) -> list[float]:
    """Return the seconds at which the wanted words were said in a row; occurrences do not overlap."""
    spoken = [(part, word.starts) for word in words for part in normal(word.text)]
    times, start = [], 0
    while wanted and start + len(wanted) <= len(spoken):
        if all(alike(each, spoken[start + offset][0]) for offset, each in enumerate(wanted)):
            times.append(spoken[start][1])
            start += len(wanted)
        else:
            start += 1
    return times
