"""Take in an event of a page: who did it, what had brought him, and which deals come from it."""

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
    """Store one event as a contact, mark its day, and join anew the deals that may come from it.

    The same event again changes nothing, but is gone through to its end. Raises StorageUnavailable.
    """
    told = read_queued(message)
    found = snapshot.site_by_key(told.site_key, now)
    if found is None or not (told.welcome or _is_welcome(found.site, told)):
        log.event("contact_dropped", reason="not_welcome" if found else "no_site", type=told.kind)
        return
    site = found.site
    tracing.annotate(site=site.site_id)
    made = _contact(site, told)
    contact = contacts_table.get(site.site_id, made.contact_id) or replace(made, caller_key=_caller_key(site, told))
    new = contacts_table.put(contact)
    changed_days_table.mark_all(site.site_id, [contact.day])
    retention.look_again(site, contact.day, now)
    if contact.kind in LEADS:
        join_deals.rejoin_visitor(site, contact)
        if contact.caller_key:
            join_deals.rejoin_caller(site, contact.caller_key, contact)
    log.event("contact", site_id=site.site_id, contact_id=contact.contact_id, type=contact.kind, new=new)


def _is_welcome(site: Site, told: QueuedEvent) -> bool:
    """What record.py would have asked, had the registry answered."""
    origin = told.origin.lower() or origin_of(told.url)
    return not told.crawler and (not site.allowed_origins or origin in site.allowed_origins)


def _contact(site: Site, told: QueuedEvent) -> Contact:
    """The event as a contact, as yet without whose number it tells: of who was erased nobody is made again."""
    visitor = visitor_key(site.site_id, told.visitor_id, settings().signing_key).hex()
    said = "\0".join((site.site_id, visitor, told.kind, told.at.isoformat(), told.url, told.code, told.form)).encode()
    digest = encryption.digest(said, signing_key=settings().signing_key, purpose="contact ids")
    return Contact(
        site_id=site.site_id,
        contact_id=f"{told.kind}-{digest}",
        kind=told.kind,
        at=told.at,
        day=site.day_of(told.at),
        visitor=visitor,
        url=told.url,
        form=told.form,
        code=told.code,
        caller_key=None,
        touches=touches_before(site, visitor, told.at),
    )


def _caller_key(site: Site, told: QueuedEvent) -> str | None:
    """The subject of the number he told; None where he told none, or what is none in the site's country."""
    try:
        phone = parse_phone(told.phone, country=site.country).e164 if told.phone else None
    except BadInput:
        return None
    return callers.subject_of(site.site_id, phone, told.at, site.days_of_persons).subject_id if phone else None
