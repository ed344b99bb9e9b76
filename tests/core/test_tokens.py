"""What we signed is recognised; what anybody else made is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.tokens import fingerprint, random_id, seal, unseal

KEY = b"a key of at least thirty-two bytes"


@given(st.binary(max_size=200))
def test_a_sealed_payload_comes_back(payload: bytes) -> None:
    assert unseal(seal(payload, key=KEY, purpose="lease"), key=KEY, purpose="lease") == payload


@given(st.binary(max_size=60), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_token_is_nobodys(payload: bytes, place: int, change: int) -> None:
    import base64

    token = seal(payload, key=KEY, purpose="lease")
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    assert unseal(forged, key=KEY, purpose="lease") is None


def test_a_token_serves_one_purpose_and_one_key() -> None:
    token = seal(b"payload", key=KEY, purpose="lease")
    assert unseal(token, key=KEY, purpose="endpoint") is None
    assert unseal(token, key=KEY + b"!", purpose="lease") is None


@given(st.text(max_size=100))
def test_any_text_may_be_offered_as_a_token(text: str) -> None:
    assert unseal(text, key=KEY, purpose="lease") is None


def test_ids_do_not_repeat_and_fingerprints_hide() -> None:
    assert len({random_id("s") for _ in range(1000)}) == 1000
    assert "secret" not in fingerprint("secret")
