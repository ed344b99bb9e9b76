"""Erase a visitor from their contacts and from the deals that name them; the contacts stay, for the deals of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.audit import leaves
from chalicelib.calls import self_reported_digest
from chalicelib.calls.call_item import Item
from chalicelib.calls.redaction import page_of, redacted_touch
from chalicelib.contacts import contacts_table
from chalicelib.contacts.types import Contact
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal
from chalicelib.privacy.types import Erasure, Person
from chalicelib.runtime.settings import settings


def erase(erasure: Erasure) -> int:
    """Remove the person from their contacts and the deals that name them. Raises StorageUnavailable."""
    person = erasure.person
    found = [item for visitor in person.visitors for item in contacts_table.items_of_visitor(erasure.site_id, visitor)]
    found += [item for key in person.subject_ids for item in contacts_table.items_of_caller(erasure.site_id, key)]
    items = {item["pk"]["S"]: item for item in found}
    for visitor in person.visitors:
        for deal in deals_table.deals_of_visitor(erasure.site_id, visitor):
            erase_visitor_of(deal, erasure)
    return sum(erase_contact(item, erasure) for item in items.values())


def export(person: Person) -> list[dict[str, Any]]:
    """Return their contacts, oldest first; a number they entered is stored only as a pseudonym.

    Raises StorageUnavailable.
    """
    found = {
        each.contact_id: each
        for visitor in person.visitors
        for each in contacts_table.of_visitor(person.site_id, visitor)
    }
    for key in person.subject_ids:
        found |= {each.contact_id: each for each in contacts_table.of_caller(person.site_id, key)}
    return [_shown(each) for each in sorted(found.values(), key=lambda each: each.at)]


def erase_contact(item: Item, erasure: Erasure) -> bool:
    """Remove the visitor from one contact; False where that was done before. Raises StorageUnavailable."""
    contact = contacts_table.contact_of(item)
    if contact.erased:
        return False
    salt = self_reported_digest.salt_of(erasure.site_id, settings().signing_key)
    contacts_table.redact(_without_visitor(contact, erasure), leaves.digests_of_contact(item, salt), erasure.erasure_id)
    return True


def erase_visitor_of(deal: Deal, erasure: Erasure) -> None:
    """Replace the visitor that a deal names by an alias; where its outcome changes meanwhile, the second look does."""
    if deal.visitor:
        deals_table.join_deal(deal, replace(deal, visitor=erasure.alias(deal.visitor)))


def _without_visitor(contact: Contact, erasure: Erasure) -> Contact:
    touches = tuple(map(redacted_touch, contact.touches))
    return replace(contact, visitor=erasure.alias(contact.visitor), url=page_of(contact.url), touches=touches)


def _shown(contact: Contact) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(contact)
    return {name: value for name, value in shown.items() if name not in ("site_id", "caller_key")}
