"""Lease tokens."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pool.lending.lease_token import LeaseToken, open_lease, seal_lease
from chalicelib.visits.visitor_key import visitor_key

KEY = b"k" * 32
LEASE = LeaseToken("p1", 833, 11, "+74950000001", b"v" * 12, b"a" * 6, 90_000_000, 90_000_360)


def test_a_lease_comes_back_as_it_went() -> None:
    assert open_lease(seal_lease(LEASE, KEY), KEY) == LEASE
    assert len(seal_lease(LEASE, KEY)) < 120


def test_another_key_opens_nothing() -> None:
    assert open_lease(seal_lease(LEASE, KEY), b"x" * 32) is None


@given(st.integers(0, 60), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    sealed = seal_lease(LEASE, KEY)
    raw = bytearray(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    raw[place % len(raw)] ^= change
    assert open_lease(base64.urlsafe_b64encode(raw).decode().rstrip("="), KEY) is None


@given(st.text(max_size=200))
def test_what_we_did_not_seal_opens_nothing(text: str) -> None:
    assert open_lease(text, KEY) is None


def test_a_visitor_is_another_on_another_site() -> None:
    keys = {visitor_key("s1", "v1", KEY), visitor_key("s2", "v1", KEY), visitor_key("s1", "v2", KEY)}
    assert {len(key) for key in keys} == {12}
    assert len(keys) == 3
