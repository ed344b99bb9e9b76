"""How a group is stored: DynamoDB's attribute values, and nothing that talks to DynamoDB. Pure.

| attribute | meaning |
|---|---|
| `k` S | `<pool id>#<group>` |
| `e` N | HEAD for the present; of a chunk of history milliseconds since 2024, and never less than of the one before |
| `A` … `L` L | one slot: index, visitor (B; 0 for none), begin, end; retired: index, number (S), last end, RETIRED |
| `a` … `o` B | tag of the address that holds the slot `A` … `L`; of the head only, absent where none is limited |
| `r` L | closed leases, oldest first, flat: index, visitor, begin, end, index, … |
| `h` N | the key of the newest chunk, 0 before the first |
| `x` N | chunks only: seconds since 1970 after which DynamoDB deletes them |

Names are one letter because they count: a full head must stay below 1,024 bytes, one write unit.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from chalicelib.pool.group import EPOCH, Closed, Group, Slot

Item = dict[str, dict[str, Any]]

NAMES = "ABCDEFGHIJKL"
TAGS = "abcdfgijlmno"  # no type of DynamoDB's, for the local engine takes an attribute M for a map
HEAD = 9_999_999_999_999
NOBODY: dict[str, Any] = {"N": "0"}
SECONDS_TO_EPOCH = int(EPOCH.timestamp())


def key(pool_id: str, group: int, moment: int = HEAD) -> Item:
    """The key of a group's head, or of its chunk of that moment."""
    return {"k": {"S": f"{pool_id}#{group}"}, "e": {"N": str(moment)}}


def group_number(item: Item) -> int:
    """Which group of its pool an item is of."""
    return int(item["k"]["S"].rpartition("#")[2])


def slot_value(index: int, slot: Slot) -> dict[str, Any]:
    """One slot as its attribute holds it."""
    who: dict[str, Any] = NOBODY
    if slot.visitor is not None:
        who = {"B": slot.visitor}
    elif slot.kept_for is not None:
        who = {"S": slot.kept_for}
    return {"L": [{"N": str(index)}, who, {"N": str(slot.leased)}, {"N": str(slot.until)}]}


def read_group(item: Item) -> Group:
    """An item, head or chunk, as a value."""
    slots = tuple(_slot(item[name]["L"], item.get(tag)) for name, tag in zip(NAMES, TAGS, strict=True))
    ring = item["r"]["L"]
    closed = tuple(
        Closed(int(ring[at]["N"]), _bytes(ring[at + 1]), int(ring[at + 2]["N"]), int(ring[at + 3]["N"]))
        for at in range(0, len(ring), 4)
    )
    return Group(slots, closed, int(item["h"]["N"]))


def write_group(pool_id: str, group: int, image: Group, moment: int = HEAD) -> Item:
    """A value as an item. A chunk of history tells nothing of addresses."""
    ring: list[dict[str, Any]] = []
    for closed in image.ring:
        ring += slot_value(closed.slot, Slot(closed.visitor, closed.leased, closed.until))["L"]
    slots = {name: slot_value(index, slot) for index, (name, slot) in enumerate(zip(NAMES, image.slots, strict=True))}
    held = zip(TAGS, image.slots, strict=True) if moment == HEAD else ()
    tags: Item = {name: {"B": slot.tag} for name, slot in held if slot.tag is not None}
    return {**key(pool_id, group, moment), **slots, **tags, "r": {"L": ring}, "h": {"N": str(image.last_chunk)}}


def _slot(values: list[dict[str, Any]], tag: dict[str, Any] | None) -> Slot:
    _, who, leased, until = values
    return Slot(_bytes(who), int(leased["N"]), int(until["N"]), who.get("S"), _bytes(tag) if tag else None)


def _bytes(who: dict[str, Any]) -> bytes | None:
    """A visitor or a tag as boto3 gives binary values, or as they stand in JSON (see image_aside.py)."""
    value = who.get("B")
    return b64decode(value) if isinstance(value, str) else value
