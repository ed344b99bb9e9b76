"""Find the pseudonyms of one person by a telephone number or a browser's id.

A number leads to the browsers that its calls surely came from or that it was entered in, and a browser to the numbers
that surely called from it or were entered there. Where a call may have been another visitor's, that visitor is not
included: a stranger's data must be neither shown nor erased.
"""

from __future__ import annotations

from chalicelib.calls import call_item, calls_table
from chalicelib.calls.callers import find_caller
from chalicelib.calls.redaction import sure_visitor
from chalicelib.contacts import contacts_table as contacts
from chalicelib.deals import deals_table
from chalicelib.privacy.types import Person
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key


def by_phone(site_id: str, phone: str) -> Person:
    """Find the person of an E.164 number. Raises StorageUnavailable."""
    subject = find_caller(site_id, phone)
    if subject is None:
        return Person(site_id)
    found = {_visitor_of(item) for item in calls_table.items_of_caller(site_id, subject.subject_id)}
    found |= {each.visitor for each in contacts.of_caller(site_id, subject.subject_id) if not each.erased}
    return Person(site_id, (subject.subject_id,), tuple(sorted(visitor for visitor in found if visitor)))


def by_visitor(site_id: str, visitor_id: str) -> Person:
    """Find the person of a browser's `visitor_id`. Raises StorageUnavailable."""
    visitor = visitor_key(site_id, visitor_id, settings().signing_key).hex()
    named = visits_table.calls_naming(site_id, visitor)
    made = contacts.of_visitor(site_id, visitor)
    if not (
        named or made or deals_table.deals_of_visitor(site_id, visitor) or visits_table.everything_of(site_id, visitor)
    ):
        return Person(site_id)
    items = [item for call_id in named if (item := calls_table.item(site_id, call_id)) is not None]
    callers = {call_item.caller_key_of(item) for item in items if _visitor_of(item) == visitor}
    callers |= {contact.caller_key for contact in made}
    return Person(site_id, tuple(sorted(caller for caller in callers if caller)), (visitor,))


def _visitor_of(item: call_item.Item) -> str | None:
    return sure_visitor(call_item.evidence_of(item["evidence"]["S"])) if "evidence" in item else None
