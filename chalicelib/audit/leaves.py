"""What of a stored call and of a deal is proved, and which part of it is a person's. Pure.

A call is proved as it is stored: every event, and the evidence that was found for it. How its caller's number is sealed
is not part of it, since it is sealed anew under another key; whose it is, is. What an erasure takes away of it is the
personal part, place by place: then the digests of what stood there stay in the attribute `personal`.
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
    """The leaf of a stored call."""
    public, personal = parts_of(item)
    return Leaf(f"call {_call_id(item)}", leaf_digest(public, sha256(canonical(_digests(item, personal, salt)))))


def digests_to_keep(item: Item, salt: bytes) -> str:
    """What an erasure writes into `personal` before it takes away what is personal; the same however often it runs."""
    return canonical(_digests(item, parts_of(item)[1], salt)).decode()


def contact_leaf(item: Item, salt: bytes) -> Leaf:
    """The leaf of a stored contact."""
    public, personal = parts_of_contact(item)
    name = f"contact {_call_id(item)}"
    return Leaf(name, leaf_digest(public, sha256(canonical(_digests(item, personal, salt)))))


def digests_of_contact(item: Item, salt: bytes) -> str:
    """What an erasure writes into a contact's `personal`."""
    return canonical(_digests(item, parts_of_contact(item)[1], salt)).decode()


def parts_of_contact(item: Item) -> tuple[Json, Json]:
    """(public, personal) of a stored contact."""
    personal: Json = {}
    told = {**msgspec.json.decode(item["doc"]["S"]), "site_day": item["site_day"]["S"], "at_ms": item["at_ms"]["N"]}
    return {"contact_id": _call_id(item), **_without_personal(told, "", personal)}, personal


def deal_leaf(deal: Deal, salt: bytes) -> Leaf:
    """The leaf of a deal. Its caller is a pseudonym; what is his are the words in which he said what brought him.

    Which visitor the CRM named is not part of it, since an erasure makes him another; the contact it led to is.
    """
    name, reported = f"deal {deal.source}#{deal.external_id}", deal.self_reported
    told = {field: value for field, value in stated_fields(deal).items() if field not in ("visitor", SELF_REPORTED)}
    if reported is None:
        return Leaf(name, sha256(canonical(told)))
    return Leaf(
        name, leaf_digest(told | {SELF_REPORTED: reported.channel}, wordless(reported, salt).digest or sha256(b""))
    )


def rows_leaf(name: str, rows: list[Any]) -> Leaf:
    """One leaf of many rows that have no id of their own, in whatever order they come: a day's spend."""
    return Leaf(name, sha256(b"\n".join(sorted(canonical(msgspec.to_builtins(row)) for row in rows))))


def parts_of(item: Item) -> tuple[Json, Json]:
    """(public, personal) of a stored call. The personal part holds what was taken out, by where it stood."""
    told: Json = {name: _event(value["S"]) for name, value in item.items() if name.startswith(EVENT)}
    told["evidence"] = msgspec.json.decode(item["evidence"]["S"]) if "evidence" in item else None
    told |= {name: next(iter(item[name].values())) for name in ALSO_PROVED if name in item}
    if SELF_REPORTED in item:
        told[SELF_REPORTED] = msgspec.json.decode(item[SELF_REPORTED]["S"])
    told["caller"] = item.get("site_caller", {}).get("S", "").rpartition("#")[2]
    personal: Json = {}
    public = _without_personal(told, "", personal)
    return {"call_id": _call_id(item), **public}, personal


def _without_personal(value: Any, place: str, personal: Json) -> Any:
    if isinstance(value, list):
        return [_without_personal(each, f"{place}/{index}", personal) for index, each in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, each in value.items():
        where = f"{place}/{name}"
        if name not in REDUCED:
            kept[name] = _without_personal(each, where, personal)
        elif each not in EMPTY:
            kept[name] = REDUCED[name](each)
            if kept[name] != each:
                personal[where] = each
    return {name: each for name, each in kept.items() if name not in REDUCED or each not in EMPTY}


def _event(text: str) -> Json:
    """An event without its caller, who is proved once, as whose call it is."""
    told: Json = msgspec.json.decode(text)
    return {name: value for name, value in told.items() if name not in ("caller", "mask")}


def _digests(item: Item, personal: Json, salt: bytes) -> Json:
    """What stood in each personal place, digested: now, or before an erasure took it away.

    The digest an erasure left speaks only for a place where nothing stands any more, or for a visitor, who is an alias
    since: nobody can hide a change behind it.
    """
    kept: Json = msgspec.json.decode(item[PERSONAL]["S"]) if PERSONAL in item else {}
    now = {place: personal_digest({place: value}, salt) for place, value in personal.items()}
    return {**now, **{place: told for place, told in kept.items() if place not in now or place.endswith("/visitor")}}


def _call_id(item: Item) -> str:
    call_id: str = item["pk"]["S"].partition("#")[2]
    return call_id
