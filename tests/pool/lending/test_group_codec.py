"""Groups as items."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.lease_group import RETIRED, SLOTS, Closed, Group, Slot

SECONDS = st.integers(0, 10**10)
VISITORS = st.binary(min_size=12, max_size=12)
SLOT = st.one_of(
    st.builds(Slot, VISITORS, SECONDS, SECONDS, st.none(), st.none() | st.binary(min_size=2, max_size=2)),
    st.builds(Slot, st.none(), SECONDS, st.just(RETIRED), st.none() | st.just("+74950000001")),
)
RING = st.lists(st.builds(Closed, st.integers(0, 11), st.none() | VISITORS, SECONDS, SECONDS), max_size=25).map(tuple)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(*[SLOT] * SLOTS), RING, st.integers(0, 10**6))
def test_a_group_comes_back_as_it_went(slots: tuple[Slot, ...], closed: tuple[Closed, ...], trims: int) -> None:
    group = Group(slots, closed, trims)
    item = group_codec.write_group("p1", 833, group)
    assert group_codec.read_group(item) == group
    assert group_codec.group_number(msgspec.convert(item, group_codec.StoredGroup, strict=False)) == 833


def test_history_holds_nothing_of_addresses() -> None:
    group = Group((Slot(b"v" * 12, 1, 2, tag=b"ab"),) * SLOTS, (), 0)
    item = group_codec.write_group("p1", 833, group, moment=5)
    assert not set(group_codec.TAGS) & set(item)
    assert {slot.tag for slot in group_codec.read_group(item).slots} == {None}


def test_a_head_sorts_behind_every_chunk() -> None:
    current, chunk = group_codec.key("p1", 0), group_codec.key("p1", 0, 99 * 366 * 86_400 * 1000)
    assert int(current["e"]["N"]) > int(chunk["e"]["N"])
