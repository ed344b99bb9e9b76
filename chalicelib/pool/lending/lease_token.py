"""The lease as the browser stores it. Pure.

It is signed, so that a renewal needs no read and nobody renews or releases another visitor's lease.
"""

from __future__ import annotations

import struct

from msgspec import Struct

from chalicelib.core import tokens
from chalicelib.visits.visitor_key import ARRIVAL_BYTES, VISITOR_BYTES

PURPOSE = "lease"
_FIXED = struct.Struct(f">{VISITOR_BYTES}s{ARRIVAL_BYTES}sIIHB")


class LeaseToken(Struct, frozen=True):
    """What identifies a lease. Times in seconds since 2024."""

    pool_id: str
    group: int
    slot: int
    number: str  # E.164
    visitor: bytes
    arrival: bytes  # fingerprint of the arrival last recorded, so that the same page renewing is no new touch
    leased: int
    until: int


def seal_lease(lease: LeaseToken, key: bytes) -> str:
    """Return the token to hand out."""
    fixed = _FIXED.pack(lease.visitor, lease.arrival, lease.leased, lease.until, lease.group, lease.slot)
    return tokens.seal(fixed + f"{lease.pool_id}\0{lease.number}".encode(), key=key, purpose=PURPOSE)


def open_lease(token: str, key: bytes) -> LeaseToken | None:
    """Return the lease of a token we sealed, or None for anything else."""
    payload = tokens.unseal(token, key=key, purpose=PURPOSE)
    if payload is None:
        return None
    visitor, arrival, leased, until, group, slot = _FIXED.unpack_from(payload)
    pool_id, _, number = payload[_FIXED.size :].decode().partition("\0")
    return LeaseToken(pool_id, group, slot, number, visitor, arrival, leased, until)
