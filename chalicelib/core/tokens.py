"""Signed tokens: what we hand out and later recognise without a read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


def seal(payload: bytes, *, key: bytes, purpose: str) -> str:
    """Return `payload` and its HMAC-SHA256 (16 bytes) as URL-safe text: readable by anyone, forgeable by nobody.

    `purpose` keeps kinds of tokens apart.
    """
    return _encode(payload + _mac(payload, key, purpose))


def unseal(token: str, *, key: bytes, purpose: str) -> bytes | None:
    """Return the payload of a token we sealed for this purpose, or None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(raw) < 16:
        return None
    payload, mac = raw[:-16], raw[-16:]
    return payload if hmac.compare_digest(mac, _mac(payload, key, purpose)) else None


def random_id(prefix: str, size: int = 10) -> str:
    """Return `prefix` and `size` random bytes as lower-case base32: safe in URLs, keys and speech."""
    return prefix + base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()


def fingerprint(secret: str) -> str:
    """Return what is stored of an API key: its SHA-256, which is useless to a reader of the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _mac(payload: bytes, key: bytes, purpose: str) -> bytes:
    return hmac.new(key, purpose.encode() + b"\x00" + payload, hashlib.sha256).digest()[:16]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
