"""Who is lent a number at all: pages of the site's own origins, opened by people."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request
from chalicelib.visits.page_view import Visit, origin_of


def is_eligible(site: Site, request: Request, visit: Visit) -> bool:
    """Return whether the request comes from one of the site's pages and not from a crawler."""
    return from_own_page(site, request, visit) and not is_crawler(request.header("user-agent"))


def from_own_page(site: Site, request: Request, visit: Visit) -> bool:
    """Return whether the origin is allowed. Without an Origin header, as from a server, the page's URL decides."""
    origin = request.header("origin").lower() or origin_of(visit.url)
    return not site.allowed_origins or origin in site.allowed_origins


@lru_cache(maxsize=1024)
def is_crawler(user_agent: str) -> bool:
    """Return whether the User-Agent is a known crawler's, or empty."""
    import crawleruseragents  # 57 ms with its patterns: once per container, on its first new visitor

    return not user_agent or bool(crawleruseragents.is_crawler(user_agent[:1000]))
