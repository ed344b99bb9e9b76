"""Which parts of a stored call, contact and deal the hash chain covers, and which of them are personal. Pure.

A call is covered as it is stored: every event, and the evidence found for it. Its caller's encrypted number is not,
since another key changes it; the caller's pseudonym is. An erasure removes the personal part, value by value; the
digests of the removed values then stay in the attribute `personal`, each under the path of its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.audit.hash_chain import Leaf, leaf_digest
from chalicelib.calls.call_item import EVENT, SELF_REPORTED, Item
from chalicelib.calls.redaction import REDUCED
from chalicelib.calls.self_reported_digest import wordless
from chalicelib.core.canonical_json import canonical, personal_digest, sha256, stated_fields
from chalicelib.deals.types import Deal

PERSONAL = "personal"  # the attribute that outlives an erasure
EMPTY: tuple[Any, ...] = (None, "", [], {})
ALSO_PROVED = ("vendor", "endpoint_id", "direction", "site_day", "started_ms")

Json = dict[str, Any]


def call_leaf(item: Item, salt: bytes) -> Leaf:
    """Return the leaf of a stored call."""
    public, personal = parts_of(item)
    return Leaf(f"call {_call_id(item)}", leaf_digest(public, sha256(canonical(_digests(item, personal, salt)))))


def digests_to_keep(item: Item, salt: bytes) -> str:
    """Return what an erasure writes into a call's `personal` before it removes anything; the same at every run."""
    return canonical(_digests(item, parts_of(item)[1], salt)).decode()


def contact_leaf(item: Item, salt: bytes) -> Leaf:
    """Return the leaf of a stored contact."""
    public, personal = parts_of_contact(item)
    name = f"contact {_call_id(item)}"
    return Leaf(name, leaf_digest(public, sha256(canonical(_digests(item, personal, salt)))))


def digests_of_contact(item: Item, salt: bytes) -> str:
    """Return what an erasure writes into a contact's `personal`."""
    return canonical(_digests(item, parts_of_contact(item)[1], salt)).decode()


def parts_of_contact(item: Item) -> tuple[Json, Json]:
    """Split a stored contact → (public, personal)."""
    personal: Json = {}
    values = {**msgspec.json.decode(item["doc"]["S"]), "site_day": item["site_day"]["S"], "at_ms": item["at_ms"]["N"]}
    return {"contact_id": _call_id(item), **_without_personal(values, "", personal)}, personal


def deal_leaf(deal: Deal, salt: bytes) -> Leaf:
    """Return the leaf of a deal. Its caller is a pseudonym; only the words of the self-reported source are personal.

    The visitor that the CRM named is not part of it, since an erasure changes it; the contact joined to it is.
    """
    name, reported = f"deal {deal.source}#{deal.external_id}", deal.self_reported
    values = {field: value for field, value in stated_fields(deal).items() if field not in ("visitor", SELF_REPORTED)}
    if reported is None:
        return Leaf(name, sha256(canonical(values)))
    return Leaf(
        name, leaf_digest(values | {SELF_REPORTED: reported.channel}, wordless(reported, salt).digest or sha256(b""))
    )


def rows_leaf(name: str, rows: list[Any]) -> Leaf:
    """Return one leaf of many rows without ids, in any order: a day's spend."""
    return Leaf(name, sha256(b"\n".join(sorted(canonical(msgspec.to_builtins(row)) for row in rows))))


def parts_of(item: Item) -> tuple[Json, Json]:
    """Split a stored call → (public, personal: path of a value → the value)."""
    values: Json = {name: _event(value["S"]) for name, value in item.items() if name.startswith(EVENT)}
    values["evidence"] = msgspec.json.decode(item["evidence"]["S"]) if "evidence" in item else None
    values |= {name: next(iter(item[name].values())) for name in ALSO_PROVED if name in item}
    if SELF_REPORTED in item:
        values[SELF_REPORTED] = msgspec.json.decode(item[SELF_REPORTED]["S"])
    values["caller"] = item.get("site_caller", {}).get("S", "").rpartition("#")[2]
    personal: Json = {}
    public = _without_personal(values, "", personal)
    return {"call_id": _call_id(item), **public}, personal


def _without_personal(value: Any, path: str, personal: Json) -> Any:
    if isinstance(value, list):
        return [_without_personal(each, f"{path}/{index}", personal) for index, each in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, each in value.items():
        where = f"{path}/{name}"
        if name not in REDUCED:
            kept[name] = _without_personal(each, where, personal)
        elif each not in EMPTY:
            kept[name] = REDUCED[name](each)
            if kept[name] != each:
                personal[where] = each
    return {name: each for name, each in kept.items() if name not in REDUCED or each not in EMPTY}


def _event(text: str) -> Json:
    """Return an event without its caller, which is covered once, for the call."""
    event: Json = msgspec.json.decode(text)
    return {name: value for name, value in event.items() if name not in ("caller", "mask")}


def _digests(item: Item, personal: Json, salt: bytes) -> Json:
    """Return path → digest of each personal value, as it is now or was before an erasure.

    The digest that an erasure left counts only where no value is left, or for a visitor, whose id is an alias since:
    nobody can hide a change behind it.
    """
    erased: Json = msgspec.json.decode(item[PERSONAL]["S"]) if PERSONAL in item else {}
    now = {path: personal_digest({path: value}, salt) for path, value in personal.items()}
    return now | {path: digest for path, digest in erased.items() if path not in now or path.endswith("/visitor")}


def _call_id(item: Item) -> str:
    call_id: str = item["pk"]["S"].partition("#")[2]
    return call_id
