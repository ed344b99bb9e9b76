"""The key that stands for a visitor everywhere: a digest of the id its browser keeps."""

from __future__ import annotations

import hashlib
import hmac

VISITOR_BYTES = 12


ARRIVAL_BYTES = 6


def visitor_key(site_id: str, visitor_id: str, key: bytes) -> bytes:
    """The twelve bytes that stand for a visitor wherever he is stored; 24 hex digits outside the pool."""
    return hmac.new(key, f"{site_id}\0{visitor_id}".encode(), hashlib.sha256).digest()[:VISITOR_BYTES]
