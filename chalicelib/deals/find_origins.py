"""Find in storage every call and contact that a deal may come from: the rules of join_rules.py choose among them.

Everything raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from chalicelib.calls import calls_table
from chalicelib.calls.calls_table import CallRef
from chalicelib.carriers import CARRIERS, our_call_id
from chalicelib.contacts import contacts_table
from chalicelib.contacts.types import LEADS, Contact, ContactKind
from chalicelib.core import encryption
from chalicelib.deals import deals_table
from chalicelib.deals.join_rules import OF_ITS_OWN, Origin, Tie, call_of_caller, origin_of
from chalicelib.deals.types import Deal
from chalicelib.registry.types import Site
from chalicelib.runtime.settings import settings
from chalicelib.visits import find_promo_code
from chalicelib.visits.touches import touches_before

CALL = "call"
Fresh = Deal | Contact | CallRef | None  # written just now: an index may not show it yet
Look = Callable[[Site, Deal, Fresh], Iterator[Origin]]


def find_origin(site: Site, deal: Deal, fresh: Fresh = None) -> Origin | None:
    """Return the deal's origin by the rules; less sure ties are not read where a surer one is found."""
    for look in _LOOKS:
        found = origin_of(look(site, deal, fresh), deal.outcome_at)
        if found:
            return found
    return None


def all_of(site: Site, deal: Deal) -> list[Origin]:
    """Return every possible origin, the latest first."""
    found = [origin for look in _LOOKS for origin in look(site, deal, None)]
    return sorted(found, key=lambda origin: origin.started_at, reverse=True)


def of_deal(site: Site, deal: Deal) -> Origin | None:
    """Return what the deal is joined to; None where it is joined to nothing, or to what is no longer stored."""
    if deal.joined_by is None:
        return None
    tie = Tie(deal.joined_by)
    return of_call(site, deal.call_id, tie) if deal.call_id else of_contact(site, deal.contact_id or "", tie)


def of_call(site: Site, call_id: str, tie: Tie) -> Origin | None:
    """Return a call of the site as an origin, or None."""
    found = calls_table.find_call(site.site_id, [call_id])
    return _call(found, tie) if found else None


def of_contact(site: Site, contact_id: str, tie: Tie) -> Origin | None:
    """Return a contact of the site as an origin, or None."""
    found = contacts_table.get(site.site_id, contact_id)
    return _contact(found, tie) if found else None


def is_erased(site: Site, contact_id: str | None) -> bool:
    """Return whether the contact's visitor was erased: a deal joined to it cannot be found by the visitor again."""
    found = contacts_table.get(site.site_id, contact_id) if contact_id else None
    return found is not None and found.erased


def _named_call(site: Site, deal: Deal, _: Fresh) -> Iterator[Origin]:
    if deal.call_named:
        ids = [deal.call_named, *(our_call_id(vendor, deal.call_named) for vendor in CARRIERS)]
        found = calls_table.find_call(site.site_id, ids)
        if found:
            yield _call(found, Tie.CALL_ID)


def _of_visitor(site: Site, deal: Deal, fresh: Fresh) -> Iterator[Origin]:
    """Yield the visitor's contacts; where none is in time, their last arrival, which is stored as one."""
    if deal.visitor is None:
        return
    known = {each.contact_id: each for each in contacts_table.of_visitor(site.site_id, deal.visitor)}
    if isinstance(fresh, Contact) and fresh.visitor == deal.visitor:
        known[fresh.contact_id] = fresh
    contacts = [each for each in known.values() if each.kind in LEADS]
    yield from (_contact(each, Tie.VISITOR_ID) for each in contacts)
    if call_of_caller(contacts, deal.outcome_at) is None:
        visit = _stored(_visit(site, deal.visitor, deal.outcome_at))
        if visit:
            yield _contact(visit, Tie.VISITOR_ID)


def _of_promo_code(site: Site, deal: Deal, _: Fresh) -> Iterator[Origin]:
    shown = find_promo_code.find(site.site_id, deal.promo_code, deal.outcome_at) if deal.promo_code else None
    if shown:
        contact = _contact_of(site, ContactKind.PROMO_REPORTED, shown.visitor, shown.shown_at, shown.url, shown.code)
        yield _contact(_stored(contact) or contact, Tie.PROMO_CODE)


def _of_caller(site: Site, deal: Deal, fresh: Fresh) -> Iterator[Origin]:
    """Yield the caller's calls, the contacts with their number, and the origins of their other deals."""
    if deal.caller_key is None:
        return
    theirs = fresh if fresh and fresh.caller_key == deal.caller_key else None
    calls = {each.call_id: each for each in calls_table.calls_of_caller(site.site_id, deal.caller_key)}
    contacts = {each.contact_id: each for each in contacts_table.of_caller(site.site_id, deal.caller_key)}
    others = {_name(each): each for each in deals_table.deals_of_caller(site.site_id, deal.caller_key)}
    if isinstance(theirs, CallRef):
        calls[theirs.call_id] = theirs
    elif isinstance(theirs, Contact):
        contacts[theirs.contact_id] = theirs
    elif isinstance(theirs, Deal):
        others[_name(theirs)] = theirs
    others.pop(_name(deal), None)
    yield from (_call(each, Tie.PHONE) for each in calls.values())
    yield from (_contact(each, Tie.PHONE) for each in contacts.values() if each.kind in LEADS)
    yield from _of_others(site, others.values())


def _of_others(site: Site, others: Iterable[Deal]) -> Iterator[Origin]:
    for other in others:
        if other.joined_by not in OF_ITS_OWN:
            continue
        found = of_call(site, other.call_id, Tie.DEAL) if other.call_id else None
        if other.contact_id:
            found = of_contact(site, other.contact_id, Tie.DEAL)
        if found:
            yield Origin(
                Tie.DEAL, found.started_at, found.kind, found.call_id, found.contact_id, found.caller_key, _name(other)
            )


def _visit(site: Site, visitor: str, outcome_at: datetime) -> Contact | None:
    touches = touches_before(site, visitor, outcome_at)
    if not touches:
        return None
    last = touches[-1]
    return _contact_of(site, ContactKind.VISIT, visitor, last.at, last.url, "")


def _contact_of(site: Site, kind: ContactKind, visitor: str, at: datetime, url: str, code: str) -> Contact:
    """Return a contact made because a card names it: the same card, sent at any time, gives the same one."""
    said = f"{kind}\0{visitor}\0{at.isoformat()}\0{code}".encode()
    digest = encryption.digest(said, signing_key=settings().signing_key, purpose="contact ids")
    return Contact(
        site_id=site.site_id,
        contact_id=f"{kind}-{digest}",
        kind=kind,
        at=at,
        day=site.day_of(at),
        visitor=visitor,
        url=url,
        form="",
        code=code,
        caller_key=None,
        touches=touches_before(site, visitor, at),
    )


def _stored(contact: Contact | None) -> Contact | None:
    """Store the contact: one that no deal is joined to is not counted, so one too many does no harm."""
    if contact:
        contacts_table.put(contact)
    return contact


def _call(call: CallRef, tie: Tie) -> Origin:
    return Origin(tie, call.started_at, CALL, call_id=call.call_id, caller_key=call.caller_key)


def _contact(contact: Contact, tie: Tie) -> Origin:
    return Origin(tie, contact.at, contact.kind, contact_id=contact.contact_id, caller_key=contact.caller_key)


def _name(deal: Deal) -> str:
    return f"{deal.source} {deal.external_id}"


_LOOKS: tuple[Look, ...] = (_named_call, _of_visitor, _of_promo_code, _of_caller)  # the surest first
