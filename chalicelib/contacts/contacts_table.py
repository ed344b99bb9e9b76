"""The contacts table: one item a contact, found by its day, by the visitor and by the caller whose number it has.

pk            <site_id>#<contact_id>
doc           the contact as JSON
site_day, site_visitor, site_caller with at_ms: its indexes; site_visitor goes when the visitor is erased
erased        the erasure that took the visitor away
personal      digests of what that took (audit/)
x             expiry
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from chalicelib.calls.call_item import ERASED, Item, millis
from chalicelib.calls.events_table import CALL_DAYS
from chalicelib.contacts.types import Contact
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

PERSONAL = "personal"


def put(contact: Contact) -> bool:
    """Store a contact; return False if it exists, with or without its visitor. Raises StorageUnavailable."""
    item = {
        "pk": {"S": f"{contact.site_id}#{contact.contact_id}"},
        "doc": {"S": _text(contact)},
        "site_day": {"S": f"{contact.site_id}#{contact.day.isoformat()}"},
        "site_visitor": {"S": f"{contact.site_id}#{contact.visitor}"},
        "at_ms": {"N": str(millis(contact.at))},
        "x": {"N": str(int(contact.at.timestamp()) + CALL_DAYS * 86_400)},
    }
    if contact.caller_key:
        item["site_caller"] = {"S": f"{contact.site_id}#{contact.caller_key}"}
    client = _client()
    try:
        with aws.storage_errors():
            client.put_item(
                TableName=settings().contacts_table, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def get(site_id: str, contact_id: str) -> Contact | None:
    """Return one contact, read consistently; None if there is none. Raises StorageUnavailable."""
    found = item(site_id, contact_id)
    return contact_of(found) if found else None


def item(site_id: str, contact_id: str) -> Item | None:
    """Return one contact's item, read consistently; None if there is none. Raises StorageUnavailable."""
    with aws.storage_errors():
        answer = _client().get_item(
            TableName=settings().contacts_table, Key={"pk": {"S": f"{site_id}#{contact_id}"}}, ConsistentRead=True
        )
    found: Item | None = answer.get("Item")
    return found


def items_of_day(site_id: str, day: date) -> list[Item]:
    """Return the items of a day's contacts, oldest first; `day` is of the site's zone. Raises StorageUnavailable."""
    return list(_query("by_day", "site_day", f"{site_id}#{day.isoformat()}"))


def items_of_visitor(site_id: str, visitor: str) -> Iterator[Item]:
    """Return the items of a visitor's contacts, oldest first. Raises StorageUnavailable."""
    return _query("by_visitor", "site_visitor", f"{site_id}#{visitor}")


def items_of_caller(site_id: str, caller_key: str) -> Iterator[Item]:
    """Return the items of the contacts that have a caller's number, oldest first. Raises StorageUnavailable."""
    return _query("by_caller", "site_caller", f"{site_id}#{caller_key}")


def of_visitor(site_id: str, visitor: str) -> list[Contact]:
    """Return a visitor's contacts, oldest first. Raises StorageUnavailable."""
    return [contact_of(found) for found in items_of_visitor(site_id, visitor)]


def of_caller(site_id: str, caller_key: str) -> list[Contact]:
    """Return the contacts that have a caller's number, oldest first. Raises StorageUnavailable."""
    return [contact_of(found) for found in items_of_caller(site_id, caller_key)]


def redact(contact: Contact, personal: str, erasure_id: str) -> None:
    """Write a contact whose visitor was taken out, with the digests of what went. Raises StorageUnavailable.

    Only an erasure changes a contact, and two erasures take the same away: the first one counts.
    """
    client = _client()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().contacts_table,
                Key={"pk": {"S": f"{contact.site_id}#{contact.contact_id}"}},
                UpdateExpression="SET doc = :doc, personal = :personal, erased = :erased REMOVE site_visitor",
                ConditionExpression="attribute_exists(pk) AND attribute_not_exists(erased)",
                ExpressionAttributeValues={
                    ":doc": {"S": _text(contact)},
                    ":personal": {"S": personal},
                    ":erased": {"S": erasure_id},
                },
            )
    except client.exceptions.ConditionalCheckFailedException:
        return


def contact_of(item: Item) -> Contact:
    """Return the contact of a stored item."""
    fields = {**json_of(item), "site_id": _ids(item)[0], "contact_id": _ids(item)[1], "erased": ERASED in item}
    return msgspec.convert(fields, Contact)


def json_of(item: Item) -> dict[str, Any]:
    """Return the stored JSON of an item's contact."""
    fields: dict[str, Any] = msgspec.json.decode(item["doc"]["S"])
    return fields


def _text(contact: Contact) -> str:
    fields = msgspec.to_builtins(contact)
    kept = {name: value for name, value in fields.items() if name not in ("site_id", "contact_id", "erased")}
    return msgspec.json.encode(kept).decode()


def _ids(item: Item) -> tuple[str, str]:
    site_id, _, contact_id = item["pk"]["S"].partition("#")
    return site_id, contact_id


def _query(index: str, name: str, value: str) -> Iterator[Mapping[str, Any]]:
    return aws.query(settings().contacts_table, f"{name} = :value", {":value": {"S": value}}, IndexName=index)


def _client() -> Any:
    return aws.dynamodb()
