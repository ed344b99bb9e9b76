"""The visitor key: a digest of the id that the browser stores. It replaces the id everywhere."""

from __future__ import annotations

import hashlib
import hmac

VISITOR_BYTES = 12


ARRIVAL_BYTES = 6


def visitor_key(site_id: str, visitor_id: str, key: bytes) -> bytes:
    """Return a visitor's twelve bytes in storage; outside the pool they are written as 24 hex digits."""
    return hmac.new(key, f"{site_id}\0{visitor_id}".encode(), hashlib.sha256).digest()[:VISITOR_BYTES]
