"""Give a visitor a promo code: their own for this page, the same one each time the page asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import Struct

from chalicelib.core import tokens
from chalicelib.core.errors import NotFound, StorageUnavailable, TooManyRequests
from chalicelib.core.json_body import decode
from chalicelib.pool.lending.eligibility import is_eligible
from chalicelib.pool.lending.rate_limit import address_key
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.runtime import log, tracing
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings
from chalicelib.visits import promo_code, promo_counts_table, promo_table
from chalicelib.visits.page_view import Visit, is_marked, visit_of
from chalicelib.visits.promo_table import ShownCode, Taken
from chalicelib.visits.request_types import Address, VisitorId
from chalicelib.visits.visitor_key import visitor_key
from chalicelib.visits.visits_table import RawTouch, days_kept, note_code, record_touch, touches_between

TRIES = 6  # at different codes: of a hundred numbers at most one is taken, so the third try is rare
GROWS_AFTER = 2  # tries a digit is added: many codes were made since they were last counted
SAME_VISIT = timedelta(minutes=30)  # within which a page without a mark is the next one of a visit, not an arrival
NONE: dict[str, Any] = {"code": None, "spoken": None, "expires_in": None}


class PromoRequest(Struct):
    """What the snippet sends."""

    url: Address
    visitor_id: VisitorId | None = None
    referrer: Address | None = None


class Minted(NamedTuple):
    """The answer to the page, whose page it was, and the code that it shows, if any."""

    answer: dict[str, Any]
    site_id: str
    visitor_id: str
    taken: Taken | None = None


def mint(request: Request, site_key: str) -> Minted:
    """Return the answer `{"visitor_id", "code", "spoken", "expires_in"}`, with no code for crawlers and foreign pages.

    Raises BadInput naming the field, NotFound for an unknown site key, TooManyRequests, StorageUnavailable.
    """
    asked = decode(request.body, PromoRequest)
    visit = visit_of(asked.url, asked.referrer or "", request.headers)
    found = snapshot.site_by_key(site_key, request.now)
    if found is None:
        raise NotFound("No site has this key.", field="site_key")
    site = found.site
    tracing.annotate(site=site.site_id)
    visitor_id = asked.visitor_id or tokens.random_id("v")
    if not is_eligible(site, request, visit):
        return Minted({"visitor_id": visitor_id, **NONE}, site.site_id, visitor_id)
    visitor = visitor_key(site.site_id, visitor_id, settings().signing_key).hex()
    who = address_key(request.source_ip) or visitor  # an address that is not public could be anyone's
    if not promo_counts_table.admits(site.site_id, who, request.now):
        raise TooManyRequests("Too many promo codes for one address in this hour.")
    _record_arrival(site, visitor, visit, request.now)
    taken = _taken(site, visitor, visit.url, request.now)
    shown = taken.shown
    note_code(site.site_id, visitor, shown, days_kept(site))
    expires_in = int((shown.expires_at - request.now).total_seconds())
    answer = {"code": shown.code, "spoken": promo_code.spoken(shown.code), "expires_in": expires_in}
    return Minted({"visitor_id": visitor_id, **answer}, site.site_id, visitor_id, taken)


def _taken(site: Site, visitor: str, url: str, now: datetime) -> Taken:
    """Take the visitor's code of this page: made from both, so that the page finds its own again without a search."""
    most = timedelta(days=days_kept(site))
    expires_at = now + min(timedelta(days=site.promo_days), most)
    shortest = promo_code.digits_for(promo_counts_table.made(site, now))
    for attempt in range(TRIES):
        length = min(shortest + attempt // GROWS_AFTER, promo_code.LONGEST)
        code = promo_code.make(length, settings().signing_key, site.site_id, visitor, url, str(attempt))
        taken = promo_table.take(site.site_id, ShownCode(code, visitor, now, url, expires_at), now, most)
        if taken:
            if taken.new:
                promo_counts_table.add(site, taken.shown)
            log.event("promo_shown", site_id=site.site_id, digits=len(code), again=not taken.new)
            return taken
    raise StorageUnavailable("No promo code was free. Try again.")


def _record_arrival(site: Site, visitor: str, visit: Visit, now: datetime) -> None:
    """Store the touch, unless the page's request for a number has, or the page is the next one of a visit."""
    try:
        recent = touches_between(site.site_id, visitor, now - SAME_VISIT, now, consistent=True)
        known = any((touch.url, touch.referrer) == (visit.url, visit.referrer) for touch in recent)
        if known or (recent and not is_marked(visit)):
            return
        touch = RawTouch(now, visit.url, visit.referrer, visit.region)
        record_touch(site.site_id, visitor, touch, days_kept(site))
    except StorageUnavailable:
        # The visitor still gets the code: it ties their call to the page.
        log.warning("touch_lost", site_id=site.site_id)
