"""What is personal of a call, and the call without it. Pure.

Taken away: who the visitor was; of each touch the address's arguments, but for utm tags, the referrer's path and the
value of the click id; of an event whatever leads to a recording or came along; the caller's own words of what brought
him. Kept: when, the page, the referring host, the region and the classified source, which are what figures are made of:
credit under any model is the same before and after. `REDUCED` is the whole list, for whoever reads a call as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.calls.evidence import Evidence, EvidenceKind
from chalicelib.visits.types import Touch

T = TypeVar("T", bound=Struct)

# The visitor's number was theirs alone when the call came: the caller is this visitor, and may be forgotten with them.
# A redial is as sure as the call it goes back to, which is found by itself.
SURE = frozenset({EvidenceKind.LIVE, EvidenceKind.GRACE, EvidenceKind.PROMO})
KEPT_TAGS = "utm_"


def redacted(evidence: Evidence, alias: Callable[[str], str], whose: Collection[str] | None = None) -> Evidence:
    """The evidence without its visitors, or only without those of `whose`; each is his alias from now on."""
    return _redacted(evidence, alias, whose)


def visitors_of(evidence: Evidence) -> frozenset[str]:
    """Everybody the evidence names: who is sure, and who only may have been it."""
    return frozenset(_named(evidence))


def sure_visitor(evidence: Evidence) -> str | None:
    """The visitor who made the call, where that is sure."""
    return evidence.visitor if evidence.told_by_itself in SURE else None


def redacted_touch(touch: Touch) -> Touch:
    """The touch as far as it is nobody's own."""
    source = replace(touch.source, click_id=platform_of(touch.source.click_id))
    return replace(touch, url=page_of(touch.url), referrer=host_of(touch.referrer), source=source)


def _redacted(node: T, alias: Callable[[str], str], whose: Collection[str] | None) -> T:
    visitor = getattr(node, "visitor", None)
    his = whose is None or visitor in whose
    changes: dict[str, Any] = {"visitor": alias(visitor)} if visitor and his else {}
    for name, parts in _parts_of(node):
        if isinstance(parts[0], Touch):
            changes[name] = tuple(map(redacted_touch, parts)) if his else parts
        else:
            changes[name] = tuple(_redacted(part, alias, whose) for part in parts)
    return replace(node, **changes)


def _named(node: Struct) -> Iterator[str]:
    if visitor := getattr(node, "visitor", None):
        yield visitor
    for _, parts in _parts_of(node):
        for part in parts:
            yield from _named(part)


def _parts_of(node: Struct) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The fields of evidence that hold touches, candidates and whatever else it is made of, where they hold any."""
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, tuple) and value and isinstance(value[0], Struct):
            yield name, value


def page_of(url: str) -> str:
    """An address without what may be anybody's own: scheme, host, path and utm tags."""
    try:
        parts = urlsplit(url)
        tags = [(name, value) for name, value in parse_qsl(parts.query) if name.lower().startswith(KEPT_TAGS)]
    except ValueError:  # nothing that we can read is nothing that we can tell apart
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(tags), ""))


def host_of(referrer: str) -> str:
    """A referrer without its page: `https://vk.com/`."""
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "/" if parts.netloc else "", "", ""))


def platform_of(click_id: str | None) -> str | None:
    """`yclid=`: the click id's name says which platform was paid, its value who clicked."""
    name, told, _ = (click_id or "").partition("=")
    return f"{name}=" if told else None


def nobody(_: object) -> None:
    """Nothing is kept."""
    return


OF_AN_EVENT = ("recording_url", "recording_id", "variables")
# Wherever a field of this name stands in a stored call: what is left of it. Applied again it leaves the same.
REDUCED: Mapping[str, Callable[[Any], Any]] = {
    "url": page_of,
    "referrer": host_of,
    "click_id": platform_of,
    "visitor": nobody,
    "answer": nobody,
    **dict.fromkeys(OF_AN_EVENT, nobody),
}
