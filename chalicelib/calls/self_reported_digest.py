"""The digest that is kept of an answer after its words are erased."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.calls.call_item import SELF_REPORTED
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core import encryption
from chalicelib.core.canonical_json import personal_digest


def salt_of(site_id: str, signing_key: bytes) -> bytes:
    """Return the salt of a site's personal digests: without it nobody can try a likely value against a digest."""
    return encryption.derive(signing_key, f"proofs of {site_id}")


def wordless(reported: SelfReported, salt: bytes) -> SelfReported:
    """Return a deal's answer without its words: the channel, and the digest that proves the words."""
    if reported.answer is None:
        return reported
    return replace(reported, answer=None, digest=personal_digest({SELF_REPORTED: reported.answer}, salt))
