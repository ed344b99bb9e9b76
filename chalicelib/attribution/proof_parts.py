"""What of a stored call and of a deal is proved, and which part of it is a person's. Pure.

A call is proved as it is stored: every event, and the evidence that was found for it. How its caller's number is sealed
is not part of it, since it is sealed anew under another key; whose it is, is. What leads to a visitor or tells where
he was belongs to the personal part, which an erasure empties: then its digest stays in the attribute `personal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.attribution.proof import Leaf, canonical, leaf_digest, personal_digest, sha256
from chalicelib.attribution.stored import EVENT, Item
from chalicelib.attribution.types import Deal

PERSONAL = "personal"  # the attribute that outlives an erasure
OF_A_PERSON = frozenset({"visitor", "url", "referrer", "region", "click_id", "recording_url", "variables"})
EMPTY: tuple[Any, ...] = (None, "", [], {})
ALSO_PROVED = ("vendor", "endpoint_id", "direction", "site_day", "started_ms")

Json = dict[str, Any]


def call_leaf(item: Item, salt: bytes) -> Leaf:
    """The leaf of a stored call."""
    public, personal = parts_of(item)
    digest = leaf_digest(public, _kept_digest(item, personal) or personal_digest(personal, salt))
    return Leaf(f"call {_call_id(item)}", digest)


def digest_to_keep(item: Item, salt: bytes) -> str:
    """What an erasure writes into `personal` before it empties what is personal; the same however often it runs."""
    _, personal = parts_of(item)
    return _kept_digest(item, personal) or personal_digest(personal, salt)


def deal_leaf(deal: Deal) -> Leaf:
    """The leaf of a deal. It holds no name and no number: its caller is a pseudonym already."""
    return Leaf(f"deal {deal.source}#{deal.external_id}", sha256(canonical(msgspec.to_builtins(deal))))


def rows_leaf(name: str, rows: list[Any]) -> Leaf:
    """One leaf of many rows that have no id of their own, in whatever order they come: a day's spend."""
    return Leaf(name, sha256(b"\n".join(sorted(canonical(msgspec.to_builtins(row)) for row in rows))))


def parts_of(item: Item) -> tuple[Json, Json]:
    """(public, personal) of a stored call. The personal part holds what was taken out, by where it stood."""
    told: Json = {name: _event(value["S"]) for name, value in item.items() if name.startswith(EVENT)}
    told["evidence"] = msgspec.json.decode(item["evidence"]["S"]) if "evidence" in item else None
    told |= {name: next(iter(item[name].values())) for name in ALSO_PROVED if name in item}
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
        if name in OF_A_PERSON:
            if each not in EMPTY:
                personal[where] = each
        else:
            kept[name] = _without_personal(each, where, personal)
    return kept


def _event(text: str) -> Json:
    """An event without its caller, who is proved once, as whose call it is."""
    told: Json = msgspec.json.decode(text)
    return {name: value for name, value in told.items() if name not in ("caller", "mask")}


def _kept_digest(item: Item, personal: Json) -> str | None:
    """The digest an erasure left. It speaks only for a part that is empty: nobody can hide a change behind it."""
    return item[PERSONAL]["S"] if PERSONAL in item and not personal else None


def _call_id(item: Item) -> str:
    call_id: str = item["pk"]["S"].partition("#")[2]
    return call_id
