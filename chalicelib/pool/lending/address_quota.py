"""How many of a pool's numbers one address may hold, and how every container knows what it holds. Pure.

A lease is written with a tag: two bytes of a keyed hash of the address, for this pool alone. So the images that come
home with every write and read show what each address holds, whichever container lent it.

The allowance is dealt out to the pool's groups, and each group's part is a handful of tickets, each with a tag of its
own. A lease takes one ticket, and its write is refused while another running lease of the group has the same: what an
address holds in a group is bounded by the write itself, however little the container has seen. Every group has at least
one ticket for everybody. Where the allowance is smaller than the number of groups, what the container has seen decides
as well.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from chalicelib.pool.lending.lease_group import SLOTS, Group, free_before

LEAST_NUMBERS = 3  # that an address may hold in any pool
ON_ITS_WAY = 10  # seconds: the life of a request that lends or renews; its function's time runs out then
TAG_BYTES = 2
STEP = 40_503  # between the tags of one address: odd, so that they are all different


class QuotaToken(NamedTuple):
    """Leave to hold one number of a group. `ended`: slots that carry its tag of leases that end before `over`."""

    tag: bytes
    ended: tuple[int, ...]
    over: int


class AddressQuota(NamedTuple):
    """What one address may hold of one pool."""

    mark: int  # of the address in this pool, as large as a tag
    most: int  # numbers
    groups: int  # of the pool

    def in_group(self, group: int) -> int:
        """How many of the group's numbers: the groups' parts add up to `most`, but none is less than one."""
        each, more = divmod(self.most, self.groups)
        return min(max(each + ((group + self.mark) % self.groups < more), 1), SLOTS)

    @property
    def tags(self) -> tuple[bytes, ...]:
        """The tags of all tickets that any group has for the address."""
        return tuple(self._tag(quota_token) for quota_token in range(min(self.most // self.groups + 1, SLOTS)))

    def quota_token(self, group: int, state: Group | None, slot: int | None, over: int) -> QuotaToken | None:
        """A ticket for this slot, or None where leases of the address that end at `over` or later have them all."""
        tags = [self._tag(quota_token) for quota_token in range(self.in_group(group))]
        if state is None:
            return QuotaToken(tags[0], (), over)
        carried = [(each.tag, each.until, index) for index, each in enumerate(state.slots) if each.tag in tags]
        taken = {tag for tag, until, index in carried if until >= over and index != slot}
        ended = {tag: [index for of, _, index in carried if of == tag and index != slot] for tag in tags}
        spare = [tag for tag in tags if tag not in taken]
        best = min(spare, key=lambda tag: len(ended[tag]), default=None)
        return None if best is None else QuotaToken(best, tuple(ended[best]), over)

    def _tag(self, quota_token: int) -> bytes:
        return ((self.mark + quota_token * STEP) % (1 << 8 * TAG_BYTES)).to_bytes(TAG_BYTES, "big")


def over_before(now: float, guard: int) -> int:
    """A lease no longer counts against its address when its `until` is less than this.

    By then no renewal is on its way any more that was sent while it still ran.
    """
    return free_before(now, guard) - ON_ITS_WAY


def numbers_for_one(numbers: int, percent: int) -> int:
    """How many of a pool's numbers one address may hold."""
    return numbers if percent == 100 else max(LEAST_NUMBERS, numbers * percent // 100)


def quota_of(
    address: str | None, pool_id: str, numbers: int, groups: int, percent: int, key: bytes
) -> AddressQuota | None:
    """The allowance of an address as `crowd.address_key` writes it; None: no limit. `key` is the signing key."""
    if address is None or percent == 100 or not groups:
        return None
    digest = hmac.new(key, f"address\0{pool_id}\0{address}".encode(), hashlib.sha256).digest()
    return AddressQuota(int.from_bytes(digest[:TAG_BYTES], "big"), numbers_for_one(numbers, percent), groups)
