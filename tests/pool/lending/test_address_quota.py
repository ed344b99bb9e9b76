"""What one address may hold of a pool, divided among its groups, and the quota tokens for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pool.lending.address_quota import AddressQuota, QuotaToken, numbers_for_one, quota_of
from chalicelib.pool.lending.lease_group import SLOTS, Group, Slot

NOW = 1000
KEY = b"key"


def quota(most: int, groups: int, mark: int = 7) -> AddressQuota:
    return AddressQuota(mark, most, groups)


def group(*held: tuple[bytes | None, int]) -> Group:
    """The first slots by tag and end, the others never lent."""
    slots = tuple(Slot(bytes([place]) * 12, 0, until, tag=tag) for place, (tag, until) in enumerate(held))
    return Group(slots + (Slot(None, 0, 0),) * (SLOTS - len(slots)), (), 0)


@pytest.mark.parametrize(("numbers", "percent", "most"), [(50, 10, 5), (5, 10, 3), (500, 10, 50), (50, 100, 50)])
def test_an_address_may_hold_a_share_of_the_pool(numbers: int, percent: int, most: int) -> None:
    assert numbers_for_one(numbers, percent) == most


@given(st.integers(1, 900), st.integers(0, 2**16 - 1), st.integers(1, 99))
def test_the_groups_parts_are_the_quota_or_one_each(groups: int, mark: int, percent: int) -> None:
    most = numbers_for_one(groups * SLOTS, percent)
    parts = [quota(most, groups, mark).in_group(group) for group in range(groups)]
    assert sum(parts) == max(most, groups)
    assert max(parts) - min(parts) <= 1
    tags = quota(most, groups, mark).tags
    assert len(set(tags)) == len(tags) >= max(parts)


def test_addresses_and_pools_have_tags_of_their_own_and_some_have_no_limit() -> None:
    made = {quota_of(address, pool, 50, 5, 10, key) for address in "ab" for pool in "pq" for key in (b"1", b"2")}
    assert len(made) == 8
    assert quota_of(None, "p", 50, 5, 10, KEY) is None
    assert quota_of("a", "p", 50, 5, 100, KEY) is None
    assert quota_of("a", "p", 0, 0, 10, KEY) is None


def test_a_token_is_one_that_no_running_lease_has() -> None:
    mine = quota(2, 1)
    first, second = mine.tags[:2]
    assert mine.quota_token(0, None, 3, NOW) == QuotaToken(first, (), NOW)
    assert mine.quota_token(0, group((b"zz", NOW + 9)), 3, NOW) == QuotaToken(first, (), NOW)
    assert mine.quota_token(0, group((first, NOW)), 3, NOW) == QuotaToken(second, (), NOW)
    assert mine.quota_token(0, group((first, NOW), (second, NOW)), 3, NOW) is None


def test_a_token_of_a_lease_that_has_ended_may_be_used_again_on_condition_that_it_has() -> None:
    mine = quota(1, 1)
    (first, *_) = mine.tags
    assert mine.quota_token(0, group((None, 0), (first, NOW - 1)), 3, NOW) == QuotaToken(first, (1,), NOW)


def test_the_slot_itself_does_not_stand_in_its_own_way() -> None:
    mine = quota(1, 1)
    assert mine.quota_token(0, group((mine.tags[0], NOW + 9)), 0, NOW) == QuotaToken(mine.tags[0], (), NOW)
