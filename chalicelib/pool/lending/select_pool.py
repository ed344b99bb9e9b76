"""Which pools fit a visitor, by what the request says. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from chalicelib.registry.types import DisplayCondition, Pool
from chalicelib.visits.page_view import Visit


def fitting(pools: Iterable[Pool], visit: Visit) -> list[Pool]:
    """Return the pools whose display condition fits, in the order given."""
    return [pool for pool in pools if fits(pool.condition, visit)]


def fits(condition: DisplayCondition, visit: Visit) -> bool:
    """Return whether every part of the condition that is not empty fits. A country fits all its regions."""
    source = visit.tags.get("utm_source", "").lower()
    path = unquote(urlsplit(visit.url).path) or "/"
    regions = {visit.region, visit.region.partition("-")[0]} - {""}
    return (
        (not condition.regions or any(region.upper() in regions for region in condition.regions))
        and (not condition.sources or any(source == wanted.lower() for wanted in condition.sources))
        and (
            not condition.landing_patterns or any(fnmatchcase(path, pattern) for pattern in condition.landing_patterns)
        )
    )
