"""Digests, roots and the chain: equal evidence gives equal bytes, and any change shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.audit.hash_chain import (
    NOTHING_BEFORE,
    ChainEntry,
    Leaf,
    broken_link,
    first_difference,
    leaf_digest,
    root_of,
)
from chalicelib.core.canonical_json import canonical, personal_digest

digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
leaves = st.lists(st.builds(Leaf, st.text("abc-123", min_size=1), digests), unique_by=lambda leaf: leaf.name)
NOW = datetime(2026, 11, 22, 9, 52, tzinfo=UTC)


@given(leaves, st.randoms())
def test_the_order_of_leaves_does_not_matter(found: list[Leaf], dice: Any) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert root_of(shuffled) == root_of(found)


@given(leaves.filter(bool), digests, st.data())
def test_any_changed_lost_or_added_leaf_changes_the_root_and_is_named(
    found: list[Leaf], other: str, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(found) - 1))
    lost = [leaf for place, leaf in enumerate(found) if place != index]
    added = [*found, Leaf("zz", other)]
    for changed in (lost, added):
        assert root_of(changed) != root_of(found)
    assert first_difference(found, lost) == f"{found[index].name} is gone"
    assert first_difference(found, added) == "zz was not there"
    tampered = [*lost, Leaf(found[index].name, sha256(found[index].digest.encode()).hexdigest())]
    assert root_of(tampered) != root_of(found)
    assert first_difference(found, tampered) == f"{found[index].name} is not what it was"
    assert first_difference(found, list(reversed(found))) is None


def test_the_tree_is_that_of_rfc_6962() -> None:
    def leaf(each: Leaf) -> bytes:
        return sha256(b"\x00" + each.name.encode() + b"\x00" + bytes.fromhex(each.digest)).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    a, b, c, d, e = (Leaf(name, sha256(name.encode()).hexdigest()) for name in "abcde")
    assert root_of([]) == sha256(b"").hexdigest()
    assert root_of([a]) == leaf(a).hex()
    assert root_of([a, b, c]) == node(node(leaf(a), leaf(b)), leaf(c)).hex()
    four = node(node(leaf(a), leaf(b)), node(leaf(c), leaf(d)))
    assert root_of([e, d, c, b, a]) == node(four, leaf(e)).hex()


def test_a_leaf_outlives_its_personal_part_and_depends_on_it() -> None:
    personal, salt = {"url": "https://pallets.example/?utm_source=yandex"}, b"salt of this call"
    kept = personal_digest(personal, salt)
    public = {"call_id": "c1", "talk_seconds": 45}
    assert leaf_digest(public, kept) != leaf_digest(public, personal_digest(personal | {"url": ""}, salt))
    assert kept != personal_digest(personal, b"salt of another")
    assert leaf_digest(public | {"talk_seconds": 46}, kept) != leaf_digest(public, kept)


def chain(length: int) -> list[ChainEntry]:
    entries: list[ChainEntry] = []
    for sequence in range(1, length + 1):
        previous = entries[-1].digest if entries else NOTHING_BEFORE
        entries.append(ChainEntry("s1", sequence, date(2026, 11, 22), root_of([]), 0, NOW, previous))
    return entries


def test_a_whole_chain_has_no_broken_link() -> None:
    assert broken_link(chain(5)) is None
    assert broken_link(list(reversed(chain(5)))) is None
    assert broken_link([]) is None


def test_an_entry_that_was_changed_or_taken_out_is_named() -> None:
    entries = chain(4)
    changed = [*entries[:1], replace(entries[1], leaves=7), *entries[2:]]
    assert broken_link(changed) == "entry 3 does not follow from entry 2"
    assert broken_link([*entries[:2], *entries[3:]]) == "entry 3 is missing"
    assert broken_link(entries[1:]) == "entry 1 is missing"


def test_equal_values_have_one_canonical_form() -> None:
    assert canonical({"b": Decimal("1.50"), "a": NOW}) == b'{"a":"2026-11-22T09:52:00Z","b":"1.5"}'
    assert canonical({"a": NOW, "b": Decimal("1.5")}) == canonical({"b": Decimal("1.500"), "a": NOW})
    assert canonical([date(2026, 11, 22), None, True, "я"]) == '["2026-11-22",null,true,"я"]'.encode()
    with pytest.raises(TypeError):
        canonical({"share": b"0.1"})
