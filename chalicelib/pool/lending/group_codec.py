"""How a group is stored, as DynamoDB's attribute values. Pure.

| attribute | meaning |
|---|---|
| `k` S | `<pool id>#<group>` |
| `e` N | CURRENT for the present; of a chunk of history milliseconds since 2024, more than of the one before |
| `A` … `L` L | one slot: index, visitor (B; 0 for none), begin, end; retired: index, number (S), last end, RETIRED |
| `a` … `o` B | tag of the address that holds the slot `A` … `L`; not in history, absent where none is limited |
| `r` L | closed leases, oldest first, flat: index, visitor, begin, end, index, … |
| `h` N | the key of the newest chunk, 0 before the first |
| `x` N | chunks only: seconds since 1970 after which DynamoDB deletes them |

Names are one letter because they count: a full item must stay below 1,024 bytes, one write unit.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from chalicelib.pool.lending.lease_group import EPOCH, SLOTS, Closed, Group, Slot

Item = dict[str, dict[str, Any]]

NAMES = "ABCDEFGHIJKL"
TAGS = "abcdfgijlmno"  # no type of DynamoDB's, for the local engine takes an attribute M for a map
CURRENT = 9_999_999_999_999
NOBODY: dict[str, Any] = {"N": "0"}
SECONDS_TO_EPOCH = int(EPOCH.timestamp())


class Value(Struct, gc=False):
    """One attribute value of a group's item: DynamoDB names its type, and writes numbers as text."""

    N: int = 0
    B: bytes | None = None
    S: str | None = None


class Values(Struct, gc=False):
    """A list of attribute values."""

    L: list[Value]


class StoredGroup(Struct, kw_only=True):
    """A group's item as DynamoDB's JSON has it, by attribute: msgspec reads all of it in C."""

    A: Values
    B: Values
    C: Values
    D: Values
    E: Values
    F: Values
    G: Values
    H: Values
    I: Values  # noqa: E741
    J: Values
    K: Values
    L: Values
    a: Value | None = None
    b: Value | None = None
    c: Value | None = None
    d: Value | None = None
    f: Value | None = None
    g: Value | None = None
    i: Value | None = None
    j: Value | None = None
    l: Value | None = None  # noqa: E741
    m: Value | None = None
    n: Value | None = None
    o: Value | None = None
    r: Values
    h: Value
    k: Value
    e: Value


_R, _H = 2 * SLOTS, 2 * SLOTS + 1


def key(pool_id: str, group: int, moment: int = CURRENT) -> Item:
    """Return the key of a group's current item, or of its chunk of that moment."""
    return {"k": {"S": f"{pool_id}#{group}"}, "e": {"N": str(moment)}}


def group_number(item: StoredGroup) -> int:
    """Return the group of its pool that an item is of."""
    return int(str(item.k.S).rpartition("#")[2])


def slot_value(index: int, slot: Slot) -> dict[str, Any]:
    """Return a slot as its attribute holds it."""
    who: dict[str, Any] = NOBODY
    if slot.visitor is not None:
        who = {"B": slot.visitor}
    elif slot.kept_for is not None:
        who = {"S": slot.kept_for}
    return {"L": [{"N": str(index)}, who, {"N": str(slot.leased)}, {"N": str(slot.until)}]}


def read_group(item: StoredGroup | Item) -> Group:
    """Return an item, current or of history, as a value. Items as botocore parses them are accepted too."""
    stored = item if isinstance(item, StoredGroup) else msgspec.convert(item, StoredGroup, strict=False)
    parts = astuple(stored)
    slots = tuple(map(_slot, parts[:SLOTS], parts[SLOTS : 2 * SLOTS]))
    flat: list[Value] = parts[_R].L
    leases = zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
    closed = tuple(Closed(index.N, who.B, leased.N, until.N) for index, who, leased, until in leases)
    return Group(slots, closed, parts[_H].N)


def write_group(pool_id: str, group: int, state: Group, moment: int = CURRENT) -> Item:
    """Return a value as an item. A chunk of history has no tags of addresses."""
    flat: list[dict[str, Any]] = []
    for lease in state.closed:
        flat += slot_value(lease.slot, Slot(lease.visitor, lease.leased, lease.until))["L"]
    slots = {name: slot_value(index, slot) for index, (name, slot) in enumerate(zip(NAMES, state.slots, strict=True))}
    held = zip(TAGS, state.slots, strict=True) if moment == CURRENT else ()
    tags: Item = {name: {"B": slot.tag} for name, slot in held if slot.tag is not None}
    return {**key(pool_id, group, moment), **slots, **tags, "r": {"L": flat}, "h": {"N": str(state.last_chunk)}}


def _slot(stored: Values, tag: Value | None) -> Slot:
    _, who, leased, until = stored.L
    return Slot(who.B, leased.N, until.N, who.S, None if tag is None else tag.B)
