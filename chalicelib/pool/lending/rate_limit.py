"""Which address a request came from, and how many pages it opens, as one container counts them. Pure.

The address is the one API Gateway saw; what a header says of it may be made up. An address that is not routed on the
Internet (a local engine, a private network) is never limited: anybody may be behind it.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from threading import Lock

NEWCOMERS = 60  # page views without a lease in hand, an address and minute
ADDRESSES = 10_000  # counted; the one that came longest ago is dropped first
PREFIX_BITS = 64  # of an IPv6 address: what one customer of a provider has at the least


class _Minute:
    __slots__ = ("newcomers", "number")

    def __init__(self) -> None:
        self.number = self.newcomers = 0


class RateLimit:
    """One container's count of newcomers by address. `now` is seconds since 2024. Threads may share it."""

    def __init__(self, most_addresses: int = ADDRESSES) -> None:
        self._minutes: OrderedDict[str, _Minute] = OrderedDict()
        self._most = most_addresses
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._minutes)

    def admits(self, source_ip: str, now: float) -> bool:
        """Count a page view without a lease; return whether its address may have one more in this minute."""
        key = address_key(source_ip)
        if key is None:
            return True
        with self._lock:
            minute = self._minutes.setdefault(key, _Minute())
            self._minutes.move_to_end(key)
            if len(self._minutes) > self._most:
                self._minutes.popitem(last=False)
            if minute.number != int(now // 60):
                minute.number, minute.newcomers = int(now // 60), 0
            minute.newcomers += 1
            return minute.newcomers <= NEWCOMERS


@lru_cache(maxsize=4096)
def address_key(source_ip: str) -> str | None:
    """Return what an address is counted by: itself, or its /64; None where it is not to be limited."""
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
