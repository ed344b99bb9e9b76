"""Evidence that cannot be changed unseen: digests, one root a day, and a chain of roots. Pure.

A leaf is the digest of one piece of a day's evidence: a call, a deal, the day's spend. That of a call is made of two
parts, `sha256(public ‖ sha256(salt ‖ personal))`, so that erasing a person takes the personal part away and leaves a
digest in its place: the leaf, and all above it, stay.

A day's root is a Merkle tree over its leaves in the order of their names, built as RFC 6962 builds it (section 2.1:
leaves and nodes are hashed apart, so that no inner node can pass for a leaf). An entry of the chain names a day's root
and the digest of the entry before it: to change a piece unseen one must change every entry since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from chalicelib.core.canonical_json import _hash, canonical, sha256

NOTHING_BEFORE = "0" * 64  # what the first entry of a chain follows
LEAF, NODE = b"\x00", b"\x01"


class Leaf(Struct, frozen=True):
    """One piece of a day's evidence: what it is, e.g. `call twilio-CA1`, and its digest, 64 hex digits."""

    name: str
    digest: str


class ChainEntry(Struct, frozen=True):
    """One link: what a day's evidence was when its facts were written. A day that changes gets another entry."""

    site_id: str
    sequence: int  # 1 for the first of a site
    day: date
    root: str
    leaves: int  # how many
    written_at: datetime
    previous: str  # digest of the entry before it

    @property
    def digest(self) -> str:
        """Return the digest of this entry, which the next one names as its `previous`."""
        return sha256(canonical(self))


def leaf_digest(public: Mapping[str, Any], personal: str) -> str:
    """Return the digest of one call; `personal` is the digest of its personal part and outlives an erasure."""
    return sha256(canonical(public) + bytes.fromhex(personal))


def root_of(leaves: Sequence[Leaf]) -> str:
    """Return the Merkle root of a day's leaves, in any order; that of no leaves is the digest of nothing."""
    hashed = [
        _hash(LEAF + leaf.name.encode() + b"\x00" + bytes.fromhex(leaf.digest))
        for leaf in sorted(leaves, key=lambda leaf: leaf.name)
    ]
    return _root(hashed).hex() if hashed else sha256(b"")


def first_difference(closed: Sequence[Leaf], found: Sequence[Leaf]) -> str | None:
    """Describe the first leaf, by name, in which two lists differ; None where they are the same."""
    before, now = ({leaf.name: leaf.digest for leaf in leaves} for leaves in (closed, found))
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            return f"{name} is gone"
        if name not in before:
            return f"{name} was not there"
        if before[name] != now[name]:
            return f"{name} is not what it was"
    return None


def broken_link(entries: Sequence[ChainEntry]) -> str | None:
    """Describe the first entry that does not follow from the one before it; None where the chain is whole."""
    previous, expected = NOTHING_BEFORE, 1
    for entry in sorted(entries, key=lambda entry: entry.sequence):
        if entry.sequence != expected:
            return f"entry {expected} is missing"
        if entry.previous != previous:
            return f"entry {entry.sequence} does not follow from entry {expected - 1}"
        previous, expected = entry.digest, expected + 1
    return None


def _root(hashed: Sequence[bytes]) -> bytes:
    if len(hashed) == 1:
        return hashed[0]
    split = 1 << ((len(hashed) - 1).bit_length() - 1)  # the largest power of two below the number of leaves
    return _hash(NODE + _root(hashed[:split]) + _root(hashed[split:]))
