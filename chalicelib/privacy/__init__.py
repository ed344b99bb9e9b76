"""What is stored of a person, and how it is found, exported, erased and forgotten (docs/privacy.md).

Each store of personal data is one row here. A store has one module with two functions:
    erase(erasure)          → how many things were removed; again: none, and harmless
    export(person)          → all of it, as JSON can hold it
What belongs to a call, as its recordings do, has one module with two functions of the call's item:
    erase_of_call(item)     → how many things were removed, before the item itself is redacted
    export_of_call(item)    → all of it, as JSON can hold it
Calls, their evidence and callers are redacted in erase_calls.py. Deals have pseudonyms, and the words of
self-reported sources: erase_self_reported.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:  # what is stored asks privacy/redaction.py what is personal of it
    from chalicelib.calls.call_item import Item
    from chalicelib.privacy.types import Erasure, Person

STORES = {  # name in summaries and exports → module, imported when first used
    "contacts": "chalicelib.privacy.erase_contacts",
    "visits": "chalicelib.privacy.erase_visits",
    "self_reported": "chalicelib.privacy.erase_self_reported",
}
PARTS_OF_CALL = {
    "recordings": "chalicelib.privacy.erase_recordings",
    "unread_events": "chalicelib.privacy.erase_unparsed",
    "self_reported": "chalicelib.privacy.erase_self_reported",
}


class Store(Protocol):
    """The functions of a store's module."""

    def erase(self, erasure: Erasure) -> int: ...
    def export(self, person: Person) -> Any: ...


class PartOfCall(Protocol):
    """The functions of the module of a part of a call."""

    def erase_of_call(self, item: Item) -> int: ...
    def export_of_call(self, item: Item) -> Any: ...


def stores() -> Iterator[tuple[str, Store]]:
    """Yield every store with its name."""
    return ((name, cast(Store, import_module(module))) for name, module in STORES.items())


def parts_of_call() -> Iterator[tuple[str, PartOfCall]]:
    """Yield every part of a call with its name."""
    return ((name, cast(PartOfCall, import_module(module))) for name, module in PARTS_OF_CALL.items())
