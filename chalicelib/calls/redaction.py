"""What is personal of a call, and the call without it. Pure.

Removed: who the visitor was; of each touch the address's arguments except utm tags, the referrer's path and the value
of the click id; of an event what leads to a recording, and its variables; the caller's own words of what brought them.
Kept: when, the page, the referring host, the region and the classified source, which figures are computed from: credit
under any model is the same before and after. `REDUCED` is the whole list, for code that reads a call as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec.structs import replace

from chalicelib.calls.evidence import Candidate, EarlierCall, Evidence, EvidenceKind
from chalicelib.visits.types import Touch

P = TypeVar("P", Candidate, EarlierCall)

# The visitor's number was theirs alone when the call came: the caller is this visitor, and may be forgotten with them.
# A redial is as sure as the call it goes back to, which is found by itself.
SURE = frozenset({EvidenceKind.LIVE, EvidenceKind.GRACE, EvidenceKind.PROMO})
KEPT_TAGS = "utm_"


def redacted(evidence: Evidence, alias: Callable[[str], str], whose: Collection[str] | None = None) -> Evidence:
    """Return the evidence without its visitors, or only without those of `whose`; each is an alias from now on."""
    return _Redaction(alias, whose).evidence(evidence)


def visitors_of(evidence: Evidence) -> frozenset[str]:
    """Return everybody the evidence names: who is sure, and who only may have called."""
    parts: tuple[Candidate | EarlierCall, ...] = (*evidence.candidates, *evidence.earlier)
    named = {evidence.visitor, *(each.visitor for each in parts)}
    by_number = visitors_of(evidence.by_number) if evidence.by_number else frozenset()
    return frozenset(visitor for visitor in named if visitor) | by_number


def sure_visitor(evidence: Evidence) -> str | None:
    """Return the visitor who made the call, where that is sure."""
    return evidence.visitor if evidence.first_kind in SURE else None


def redacted_touch(touch: Touch) -> Touch:
    """Return the touch as far as it is nobody's own."""
    source = replace(touch.source, click_id=platform_of(touch.source.click_id))
    return replace(touch, url=page_of(touch.url), referrer=host_of(touch.referrer), source=source)


class _Redaction:
    """Takes visitors and their touches out of evidence and all it is made of, each by the visitor it names."""

    def __init__(self, alias: Callable[[str], str], whose: Collection[str] | None) -> None:
        self.alias, self.whose = alias, whose

    def evidence(self, evidence: Evidence) -> Evidence:
        page, by_number = evidence.promo_page, evidence.by_number
        return replace(
            evidence,
            visitor=self._visitor(evidence.visitor),
            touches=self._touches(evidence),
            candidates=tuple(self._part(each) for each in evidence.candidates),
            earlier=tuple(self._part(each) for each in evidence.earlier),
            promo_page=redacted_touch(page) if page and self._is_meant(evidence.visitor) else page,
            by_number=self.evidence(by_number) if by_number else None,
        )

    def _part(self, part: P) -> P:
        return replace(part, visitor=self._visitor(part.visitor), touches=self._touches(part))

    def _visitor(self, visitor: str | None) -> str | None:
        return self.alias(visitor) if visitor and self._is_meant(visitor) else visitor

    def _touches(self, part: Evidence | Candidate | EarlierCall) -> tuple[Touch, ...]:
        return tuple(map(redacted_touch, part.touches)) if self._is_meant(part.visitor) else part.touches

    def _is_meant(self, visitor: str | None) -> bool:
        return self.whose is None or visitor in self.whose


def page_of(url: str) -> str:
    """Return an address without what may be personal: scheme, host, path and utm tags."""
    try:
        parts = urlsplit(url)
        tags = [(name, value) for name, value in parse_qsl(parts.query) if name.lower().startswith(KEPT_TAGS)]
    except ValueError:  # what cannot be parsed cannot be separated
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(tags), ""))


def host_of(referrer: str) -> str:
    """Return a referrer without its page: `https://vk.com/`."""
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "/" if parts.netloc else "", "", ""))


def platform_of(click_id: str | None) -> str | None:
    """Return a click id's name, as `yclid=`, which says what platform was paid, without the value: who clicked."""
    name, mark, _ = (click_id or "").partition("=")
    return f"{name}=" if mark else None


def nobody(_: object) -> None:
    """Return None: nothing is kept."""
    return


OF_AN_EVENT = ("recording_url", "recording_id", "variables")
# Name of a field, anywhere in a stored call → what is left of it. Applied again it leaves the same.
REDUCED: Mapping[str, Callable[[Any], Any]] = {
    "url": page_of,
    "referrer": host_of,
    "click_id": platform_of,
    "visitor": nobody,
    "answer": nobody,
    **dict.fromkeys(OF_AN_EVENT, nobody),
}
