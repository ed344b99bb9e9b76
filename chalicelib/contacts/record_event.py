"""Queue what a visitor did on the page, as the page or the site's own server reports it.

Nothing is looked up but the site, and nothing is stored here: this function is open to everyone, so it may neither read
who visitors are nor whose a number is. What is queued is sealed, numbers included. A queue that fails leaves the event
in the bucket, from where it goes into the queue again; so does a registry that fails, and then take_contact asks it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from chalicelib.carriers import spool_bucket
from chalicelib.contacts.types import ContactKind
from chalicelib.core import clock, encryption
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.core.json_body import decode
from chalicelib.core.phone import parse_phone
from chalicelib.pool.lending.eligibility import from_own_page, is_crawler
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.runtime import log, sqs, tracing
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings
from chalicelib.visits.page_view import visit_of
from chalicelib.visits.request_types import Address, VisitorId

LATE = timedelta(days=1)  # a browser may keep an event until it is online again
EARLY = timedelta(minutes=5)  # and its clock may be ahead
CONTEXT = "contact event"
WAIT_SECONDS = 5  # before it is stored: the page may just be storing the arrival that explains it


class EventRequest(Struct):
    """What the snippet or a server sends. `at` is when it was, `code` the promo code shown, `form` the form's name."""

    visitor_id: Annotated[VisitorId, Meta(min_length=1)]
    type: Literal["tel_click", "reveal", "form", "chat", "email_click", "promo_shown"]
    url: Address
    at: str | None = None
    code: Annotated[str, Meta(max_length=32, pattern="^[A-Za-z0-9-]*$")] | None = None
    form: Annotated[str, Meta(max_length=100)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None


class QueuedEvent(Struct):
    """An event on its way through the queue. `phone` is E.164, or as it was sent if `welcome` is None."""

    site_key: str
    visitor_id: str
    kind: ContactKind
    url: str
    at: datetime
    received_at: datetime
    code: str
    form: str
    phone: str
    welcome: bool | None  # None: the registry did not answer, take_contact decides
    origin: str
    crawler: bool


def record(request: Request, site_key: str) -> dict[str, Any]:
    """Queue one event; return `{"recorded": bool}`, false for crawlers and pages of other sites.

    Raises BadInput naming the field, NotFound for an unknown site key, StorageUnavailable if nothing takes it.
    """
    event = decode(request.body, EventRequest)
    visit = visit_of(event.url, "", request.headers)
    at = _moment(event.at, request.now)
    try:
        found = snapshot.site_by_key(site_key, request.now)
    except StorageUnavailable:
        phone, welcome = event.phone or "", None
    else:
        if found is None:
            raise NotFound("No site has this key.", field="site_key")
        tracing.annotate(site=found.site.site_id)
        phone = _phone(event.phone, found.site, request)
        welcome = is_welcome(found.site, request, visit.url)
        if not welcome:
            return {"recorded": False}
    queued = QueuedEvent(
        site_key=site_key,
        visitor_id=event.visitor_id,
        kind=ContactKind(event.type),
        url=visit.url,
        at=at,
        received_at=request.now,
        code=event.code or "",
        form=(event.form or "").strip(),
        phone=phone,
        welcome=welcome,
        origin=request.header("origin"),
        crawler=_is_crawler(request),
    )
    where = put(queued)
    log.event("event_recorded", type=event.type, where=where)
    return {"recorded": True}


def is_welcome(site: Site, request: Request, url: str) -> bool:
    """Return whether a request is from a page of the site and no crawler, or from a server, which sends no origin."""
    return from_own_page(site, request, visit_of(url, "", request.headers)) and not _is_crawler(request)


def read_queued(message: dict[str, Any]) -> QueuedEvent:
    """Return the event of a queued message. Raises ValueError for one that was sealed with another signing key."""
    plain = encryption.unseal(encryption.INTAKE, message["contact"], key=_key(), context=CONTEXT)
    if plain is None:
        raise ValueError("An event was sealed with another signing key.")
    return msgspec.json.decode(plain, type=QueuedEvent)


def _is_crawler(request: Request) -> bool:
    """Return whether it is a crawler: a browser sends an origin; a server does not, and may be named like a crawler."""
    return bool(request.header("origin")) and is_crawler(request.header("user-agent"))


def put(queued: QueuedEvent) -> str:
    """Queue an event; return `queue`, or `bucket` if no queue took it. Raises StorageUnavailable if neither does."""
    sealed = encryption.seal(encryption.INTAKE, msgspec.json.encode(queued), key=_key(), context=CONTEXT)
    message = {"contact": sealed}
    try:
        sqs.send(settings().contact_queue, message, hot=True, delay_seconds=WAIT_SECONDS)
    except StorageUnavailable:
        spool_bucket.spool_contact(message, queued.received_at)
        return "bucket"
    return "queue"


def _moment(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    at = clock.parse_time(text, field="at")
    if not now - LATE <= at <= now + EARLY:
        raise BadInput("at", "not within the last day")
    return at


def _phone(text: str | None, site: Site, request: Request) -> str:
    """Return E.164 or nothing. Raises BadInput to a server that sends no number.

    A page would not read the error, so its form counts without the number.
    """
    try:
        return parse_phone(text, country=site.country).e164 if text else ""
    except BadInput:
        if request.header("origin"):
            return ""
        raise


def _key() -> bytes:
    return encryption.derive(settings().signing_key, "contact events")
