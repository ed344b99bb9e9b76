"""The digest that is kept of an answer after its words are erased."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.calls.call_item import SELF_REPORTED
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core import encryption
from chalicelib.core.canonical_json import personal_digest


def salt_of(site_id: str, signing_key: bytes) -> bytes:
    """What a site's personal parts are digested with: without it nobody tries a likely address against a digest."""
    return encryption.derive(signing_key, f"proofs of {site_id}")


def wordless(reported: SelfReported, salt: bytes) -> SelfReported:
    """What is left of a deal's answer when its words are erased, with the digest that proves them."""
    if reported.answer is None:
        return reported
    return replace(reported, answer=None, digest=personal_digest({SELF_REPORTED: reported.answer}, salt))
