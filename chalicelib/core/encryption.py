"""Personal text encrypted with AES-256-GCM and bound to its context (the additional authenticated data). Pure.

The first letters of a sealed text say which key opens it: `i1.…` the intake key, which every stage derives from its
signing key; `s1.…` a caller's own key, which is deleted when the person is erased; `k1.…` is such a key itself. It
opens only in its own context: copied to another call, or changed by a bit, it does not open.
"""

from __future__ import annotations

import base64
import hmac
import os
from functools import lru_cache
from typing import Any

INTAKE, SUBJECT, SUBJECT_KEY = "i1", "s1", "k1"
KEY_BYTES, NONCE_BYTES = 32, 12


@lru_cache(maxsize=64)
def derive(key: bytes, purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose: HKDF with SHA-256 (RFC 5869), without salt."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"callpath {purpose}".encode()).derive(key)


def seal(mark: str, plain: bytes, *, key: bytes, context: str) -> str:
    """Encrypt `plain` as URL-safe text that only `key` opens, and only in `context`. Each call gives another text."""
    nonce = os.urandom(NONCE_BYTES)
    raw = nonce + _cipher(key).encrypt(nonce, plain, _bound(mark, context))
    return f"{mark}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def unseal(mark: str, text: str, *, key: bytes, context: str) -> bytes | None:
    """Return what `seal` was given; None for anything that was not sealed with this mark, key and context."""
    from cryptography.exceptions import InvalidTag

    kind, _, encoded = text.partition(".")
    if kind != mark:
        return None
    try:
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        found: bytes = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(mark, context))
    except (ValueError, InvalidTag):
        return None
    return found


def seal_at_intake(phone: str, *, signing_key: bytes, context: str) -> str:
    """Encrypt a caller's E.164 as the hot path stores it, before it is known whose it is."""
    return seal(INTAKE, phone.encode(), key=derive(signing_key, "intake"), context=context)


def open_from_intake(text: str, *, signing_key: bytes, context: str) -> str | None:
    """Return what `seal_at_intake` was given; None for anything else."""
    plain = unseal(INTAKE, text, key=derive(signing_key, "intake"), context=context)
    return plain.decode() if plain is not None else None


def digest(data: bytes, *, signing_key: bytes, purpose: str) -> str:
    """Return 24 hex digits for data that may hold a number: without the key nobody can try all numbers."""
    return hmac.digest(derive(signing_key, purpose), data, "sha256").hex()[:24]


def context_of_call(site_id: str, call_id: str) -> str:
    """Return the context that the numbers of a call's callers are sealed in."""
    return f"{site_id}#{call_id}"


def _bound(mark: str, context: str) -> bytes:
    return f"{mark}|{context}".encode()


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 20 ms, once a container

    return AESGCM(key)
