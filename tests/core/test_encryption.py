"""What is sealed opens with its own key in its own context, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import encryption

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
PHONE = "+79160000001"


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_was_sealed_opens(plain: bytes, context: str) -> None:
    text = encryption.seal(encryption.SUBJECT, plain, key=KEY, context=context)
    assert encryption.unseal(encryption.SUBJECT, text, key=KEY, context=context) == plain


def test_it_opens_with_no_other_key_in_no_other_context_and_as_nothing_else() -> None:
    text = encryption.seal(encryption.SUBJECT, b"x", key=KEY, context="s1#c1")
    assert encryption.unseal(encryption.SUBJECT, text, key=OTHER_KEY, context="s1#c1") is None
    assert encryption.unseal(encryption.SUBJECT, text, key=KEY, context="s1#c2") is None
    assert encryption.unseal(encryption.INTAKE, text, key=KEY, context="s1#c1") is None
    assert encryption.unseal(encryption.INTAKE, "i1" + text[2:], key=KEY, context="s1#c1") is None


SEALED = encryption.seal(encryption.SUBJECT, PHONE.encode(), key=KEY, context="p")


@given(at=st.integers(3, len(SEALED) - 2), other=st.sampled_from("ABCabc019-_"))
def test_a_changed_text_does_not_open(at: int, other: str) -> None:
    changed = SEALED[:at] + other + SEALED[at + 1 :]
    assert encryption.unseal(encryption.SUBJECT, changed, key=KEY, context="p") == (
        PHONE.encode() if changed == SEALED else None
    )


@pytest.mark.parametrize("text", ["", "s1", "s1.", "s1.AA", "s1.\u00e9\u00e9", "+79160000001", "s1." + "A" * 500])
def test_anything_else_is_not_ours(text: str) -> None:
    assert encryption.unseal(encryption.SUBJECT, text, key=KEY, context="p") is None


def test_sealing_twice_gives_two_texts_without_the_digits() -> None:
    texts = {encryption.seal_at_intake(PHONE, signing_key=KEY, context="s1#c1") for _ in range(50)}
    assert len(texts) == 50
    assert not any(PHONE[1:] in text for text in texts)
    assert {encryption.open_from_intake(text, signing_key=KEY, context="s1#c1") for text in texts} == {PHONE}


def test_a_digest_is_the_keys_own() -> None:
    digest = encryption.digest(PHONE.encode(), signing_key=KEY, purpose="events")
    assert digest == encryption.digest(PHONE.encode(), signing_key=KEY, purpose="events")
    assert len({digest, encryption.digest(PHONE.encode(), signing_key=OTHER_KEY, purpose="events")}) == 2
    assert len({digest, encryption.digest(PHONE.encode(), signing_key=KEY, purpose="call ids")}) == 2


def test_keys_of_two_purposes_are_strangers() -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    assert encryption.derive(KEY, "intake") != encryption.derive(KEY, "subject keys")
    for purpose in ("intake", "subject keys", "phones of s1"):  # the standard's own implementation agrees
        standard = HKDF(SHA256(), 32, None, f"callpath {purpose}".encode()).derive(KEY)
        assert encryption.derive(KEY, purpose) == standard
