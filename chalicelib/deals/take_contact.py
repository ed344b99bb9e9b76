"""Take an event of a page as a contact: whose it is, what brought that visitor, and which deals come from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chalicelib.calls import callers, changed_days_table, retention
from chalicelib.contacts import contacts_table
from chalicelib.contacts.record_event import QueuedEvent, read_queued
from chalicelib.contacts.types import LEADS, Contact
from chalicelib.core import encryption
from chalicelib.core.errors import BadInput
from chalicelib.core.phone import parse_phone
from chalicelib.deals import join_deals
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.runtime import log, tracing
from chalicelib.runtime.settings import settings
from chalicelib.visits.page_view import origin_of
from chalicelib.visits.touches import touches_before
from chalicelib.visits.visitor_key import visitor_key


def take(message: dict[str, Any], now: datetime) -> None:
    """Store one event as a contact, mark its day, and join the deals again that may come from it.

    The same event again changes nothing, but every step is done again. Raises StorageUnavailable.
    """
    event = read_queued(message)
    found = snapshot.site_by_key(event.site_key, now)
    if found is None or not (event.welcome or _is_welcome(found.site, event)):
        log.event("contact_dropped", reason="not_welcome" if found else "no_site", type=event.kind)
        return
    site = found.site
    tracing.annotate(site=site.site_id)
    made = _contact(site, event)
    contact = contacts_table.get(site.site_id, made.contact_id) or replace(made, caller_key=_caller_key(site, event))
    new = contacts_table.put(contact)
    changed_days_table.mark_all(site.site_id, [contact.day])
    retention.look_again(site, contact.day, now)
    if contact.kind in LEADS:
        join_deals.rejoin_visitor(site, contact)
        if contact.caller_key:
            join_deals.rejoin_caller(site, contact.caller_key, contact)
    log.event("contact", site_id=site.site_id, contact_id=contact.contact_id, type=contact.kind, new=new)


def _is_welcome(site: Site, event: QueuedEvent) -> bool:
    """Return what record_event would have decided, had the registry been available."""
    origin = event.origin.lower() or origin_of(event.url)
    return not event.crawler and (not site.allowed_origins or origin in site.allowed_origins)


def _contact(site: Site, event: QueuedEvent) -> Contact:
    """Return the event as a contact, still without its caller: an erased person must not be created again."""
    visitor = visitor_key(site.site_id, event.visitor_id, settings().signing_key).hex()
    parts = (site.site_id, visitor, event.kind, event.at.isoformat(), event.url, event.code, event.form)
    digest = encryption.digest("\0".join(parts).encode(), signing_key=settings().signing_key, purpose="contact ids")
    return Contact(
        site_id=site.site_id,
        contact_id=f"{event.kind}-{digest}",
        kind=event.kind,
        at=event.at,
        day=site.day_of(event.at),
        visitor=visitor,
        url=event.url,
        form=event.form,
        code=event.code,
        caller_key=None,
        touches=touches_before(site, visitor, event.at),
    )


def _caller_key(site: Site, event: QueuedEvent) -> str | None:
    """Return the key of the number in the event; None where there is none, or none of the site's country."""
    try:
        phone = parse_phone(event.phone, country=site.country).e164 if event.phone else None
    except BadInput:
        return None
    return callers.caller_of(site.site_id, phone, event.at, site.days_of_persons).subject_id if phone else None
