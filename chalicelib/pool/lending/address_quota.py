"""How many of a pool's numbers one address may hold, and how every container knows what it holds. Pure.

A lease is written with a tag: two bytes of a keyed hash of the address, for this pool alone. So the states that every
write and read return show what each address holds, whichever container lent it.

The quota is divided among the pool's groups, and each group's part is a few tokens, each with its own tag. A lease uses
one token, and its write is refused while another running lease of the group has the same: so the write itself limits
what an address holds in a group, even where the container has seen little. Every group has at least one token for any
address. Where the quota is smaller than the number of groups, what the container has seen decides as well.
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
    """Permission to hold one number of a group. `ended`: slots with its tag whose leases end before `over`."""

    tag: bytes
    ended: tuple[int, ...]
    over: int


class AddressQuota(NamedTuple):
    """What one address may hold of one pool."""

    mark: int  # of the address in this pool, as large as a tag
    most: int  # numbers
    groups: int  # of the pool

    def in_group(self, group: int) -> int:
        """Return how many of the group's numbers: the groups' parts add up to `most`, but none is less than one."""
        each, more = divmod(self.most, self.groups)
        return min(max(each + ((group + self.mark) % self.groups < more), 1), SLOTS)

    @property
    def tags(self) -> tuple[bytes, ...]:
        """Return the tags of all quota tokens that any group has for the address."""
        return tuple(self._tag(quota_token) for quota_token in range(min(self.most // self.groups + 1, SLOTS)))

    def quota_token(self, group: int, state: Group | None, slot: int | None, over: int) -> QuotaToken | None:
        """Return a token for this slot, or None where leases of the address that end at `over` or later have all."""
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
    """Return the time before which a lease must end to count against its address no longer.

    By then every renewal that was sent while it ran has arrived.
    """
    return free_before(now, guard) - ON_ITS_WAY


def numbers_for_one(numbers: int, percent: int) -> int:
    """Return how many of a pool's numbers one address may hold."""
    return numbers if percent == 100 else max(LEAST_NUMBERS, numbers * percent // 100)


def quota_of(
    address: str | None, pool_id: str, numbers: int, groups: int, percent: int, key: bytes
) -> AddressQuota | None:
    """Return the quota of an address as `rate_limit.address_key` writes it; None: no limit. `key`: the signing key."""
    if address is None or percent == 100 or not groups:
        return None
    digest = hmac.new(key, f"address\0{pool_id}\0{address}".encode(), hashlib.sha256).digest()
    return AddressQuota(int.from_bytes(digest[:TAG_BYTES], "big"), numbers_for_one(numbers, percent), groups)
