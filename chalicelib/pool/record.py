"""Record what a visitor did on the page: a tel: click, a reveal, a form, a promo code shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from chalicelib import clock, log, tracing
from chalicelib.body import decode
from chalicelib.errors import BadInput, NotFound
from chalicelib.http import Request
from chalicelib.pool.conditions import visit_of
from chalicelib.pool.doorkeeper import is_welcome
from chalicelib.pool.issue import Address, VisitorId
from chalicelib.pool.lease_token import visitor_key
from chalicelib.pool.visits import days_kept, record_event
from chalicelib.registry import snapshot
from chalicelib.settings import settings

LATE = timedelta(days=1)  # a browser may keep an event until it is online again
EARLY = timedelta(minutes=5)  # and its clock may be ahead


class EventRequest(Struct):
    """What the snippet sends. `at` is the browser's time, `code` the promo code shown."""

    visitor_id: Annotated[VisitorId, Meta(min_length=1)]
    type: Literal["tel_click", "reveal", "form", "promo_shown"]
    url: Address
    at: str | None = None
    code: Annotated[str, Meta(max_length=32, pattern="^[A-Za-z0-9-]*$")] | None = None


def record(request: Request, site_key: str) -> dict[str, Any]:
    """Answer `{"recorded": bool}`: false for crawlers and pages of other sites.

    Raises BadInput naming the field, NotFound for an unknown site key, StorageUnavailable.
    """
    event = decode(request.body, EventRequest)
    visit = visit_of(event.url, "", request.headers)
    at = _moment(event.at, request.now)
    found = snapshot.site_by_key(site_key, request.now)
    if found is None:
        raise NotFound("No site has this key.", field="site_key")
    site = found.site
    tracing.annotate(site=site.site_id)
    if not is_welcome(site, request, visit):
        return {"recorded": False}
    visitor = visitor_key(site.site_id, event.visitor_id, settings().signing_key).hex()
    record_event(site.site_id, visitor, event.type, at, {"url": visit.url, "code": event.code or ""}, days_kept(site))
    log.event("event_recorded", site_id=site.site_id, type=event.type)
    return {"recorded": True}


def _moment(told: str | None, now: datetime) -> datetime:
    if told is None:
        return now
    at = clock.parse_time(told, field="at")
    if not now - LATE <= at <= now + EARLY:
        raise BadInput("at", "not within the last day")
    return at
