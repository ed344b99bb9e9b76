"""Personal text under a key: AES-256-GCM, bound to the one place it belongs to. Pure.

A sealed text says with which key it opens: `i1.…` under the intake key, which every stage derives from its signing key;
`s1.…` under a subject's own key, which is gone once the person is erased; `k1.…` is such a key itself. It opens only
where it was sealed: copied to another call, or changed by a bit, it is not ours.
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
    """A key of 32 bytes for one purpose: HKDF with SHA-256 (RFC 5869), one block, without salt."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, f"callpath {purpose}".encode() + b"\x01", "sha256")


def seal(mark: str, plain: bytes, *, key: bytes, place: str) -> str:
    """`plain` as URL-safe text that only `key` opens, and only at `place`. Every sealing gives another text."""
    nonce = os.urandom(NONCE_BYTES)
    raw = nonce + _cipher(key).encrypt(nonce, plain, _bound(mark, place))
    return f"{mark}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def unseal(mark: str, text: str, *, key: bytes, place: str) -> bytes | None:
    """What `seal` was given; None for anything that was not sealed with this mark and key at this place."""
    from cryptography.exceptions import InvalidTag

    kind, _, encoded = text.partition(".")
    if kind != mark:
        return None
    try:
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        found: bytes = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(mark, place))
    except (ValueError, InvalidTag):
        return None
    return found


def seal_at_intake(phone: str, *, signing_key: bytes, place: str) -> str:
    """A caller's E.164 as the hot path keeps it, before anybody has looked up whose it is."""
    return seal(INTAKE, phone.encode(), key=derive(signing_key, "intake"), place=place)


def open_from_intake(text: str, *, signing_key: bytes, place: str) -> str | None:
    """The reverse of `seal_at_intake`; None for anything else."""
    plain = unseal(INTAKE, text, key=derive(signing_key, "intake"), place=place)
    return plain.decode() if plain is not None else None


def digest(told: bytes, *, signing_key: bytes, purpose: str) -> str:
    """24 hex digits that stand for what was told, a number perhaps among it: who lacks the key cannot try them all."""
    return hmac.digest(derive(signing_key, purpose), told, "sha256").hex()[:24]


def place_of_call(site_id: str, call_id: str) -> str:
    """Where the callers of a call are sealed for."""
    return f"{site_id}#{call_id}"


def _bound(mark: str, place: str) -> bytes:
    return f"{mark}|{place}".encode()


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 20 ms, once a container

    return AESGCM(key)
