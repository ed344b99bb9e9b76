"""Who came from which address, as one container remembers it, so that no address drains a pool. Pure.

The address is the one API Gateway saw; what a header says of it may be made up. An address that is not routed on the
Internet (a local engine, a private network) is never limited, for it stands for anybody.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

LEAST_NUMBERS = 3  # that an address may hold in any pool
NEWCOMERS = 60  # page views without a lease in hand, an address and minute
ADDRESSES = 10_000  # remembered; who came longest ago is forgotten first
PREFIX_BITS = 64  # of an IPv6 address: what one customer of a provider has at the least

Holder = tuple[str, bytes]  # pool id, visitor


class _Address:
    __slots__ = ("held", "minute", "newcomers")

    def __init__(self) -> None:
        self.held: dict[Holder, float] = {}  # until when
        self.minute = 0
        self.newcomers = 0


class Crowd:
    """One container's memory of addresses. `now` and every end are seconds since 2024."""

    def __init__(self, most_addresses: int = ADDRESSES) -> None:
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._most = most_addresses

    def __len__(self) -> int:
        return len(self._addresses)

    def admits(self, source_ip: str, now: float) -> bool:
        """Count a page view without a lease; whether its address may have one more in this minute."""
        address = self._of(source_ip)
        if address is None:
            return True
        if address.minute != int(now // 60):
            address.minute, address.newcomers = int(now // 60), 0
        address.newcomers += 1
        return address.newcomers <= NEWCOMERS

    def may_hold(self, source_ip: str, holder: Holder, most: int, now: float) -> bool:
        """Whether the address may hold one number more of the pool, or this visitor has one there already."""
        address = self._of(source_ip)
        if address is None:
            return True
        address.held = {other: until for other, until in address.held.items() if until >= now}
        others = sum(1 for pool_id, visitor in address.held if pool_id == holder[0] and visitor != holder[1])
        return others < most

    def note(self, source_ip: str, holder: Holder, until: float) -> None:
        """A lease was given or renewed from this address, or given back, until then."""
        address = self._of(source_ip)
        if address is not None:
            address.held[holder] = until

    def _of(self, source_ip: str) -> _Address | None:
        key = address_key(source_ip)
        if key is None:
            return None
        address = self._addresses.setdefault(key, _Address())
        self._addresses.move_to_end(key)
        if len(self._addresses) > self._most:
            self._addresses.popitem(last=False)
        return address


def share_of(numbers: int, percent: int) -> int:
    """How many of a pool's numbers one address may hold."""
    return numbers if percent == 100 else max(LEAST_NUMBERS, numbers * percent // 100)


@lru_cache(maxsize=4096)
def address_key(source_ip: str) -> str | None:
    """What stands for an address: itself, or its /64; None where it is not to be limited."""
    try:
        address = ip_address(source_ip)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address_key(str(address.ipv4_mapped))
        if address.is_global:
            return f"{int(address) >> (128 - PREFIX_BITS):x}"
        return None
    return str(address) if address.is_global else None
