from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import tokens
from chalicelib.registry.endpoint_token import EndpointToken, open_endpoint, seal_endpoint
from chalicelib.registry.types import Endpoint

KEY = b"a key of this test"
ENDPOINT = Endpoint("e1", "s1", "carrier", "twilio", {"auth_token": "T0P-SECRET"}, "+74951234567", True)


def test_a_token_holds_what_connects_a_call() -> None:
    token = seal_endpoint(ENDPOINT, "RU", KEY)

    assert open_endpoint(token, KEY) == EndpointToken("e1", "s1", "twilio", "+74951234567", True, "RU")


def test_a_token_holds_no_credential() -> None:
    token = seal_endpoint(ENDPOINT, "RU", KEY)

    assert b"T0P-SECRET" not in base64.urlsafe_b64decode(token + "==")


def test_a_token_fits_into_one_path_part() -> None:
    token = seal_endpoint(ENDPOINT, "RU", KEY)

    assert len(token) < 200
    assert token.replace("-", "").replace("_", "").isalnum()


def test_another_key_or_purpose_opens_nothing() -> None:
    token = seal_endpoint(ENDPOINT, "RU", KEY)

    assert open_endpoint(token, b"another key") is None
    assert open_endpoint(tokens.seal(b"[]", key=KEY, purpose="lease"), KEY) is None


@given(st.integers(min_value=0), st.sampled_from("ABab09-_"))
def test_a_changed_token_opens_nothing(place: int, letter: str) -> None:
    token = seal_endpoint(ENDPOINT, "RU", KEY)
    place %= len(token) - 1  # the last letter's low bits are padding
    changed = token[:place] + letter + token[place + 1 :]

    assert open_endpoint(changed, KEY) is None or changed == token


@given(st.text(max_size=300))
def test_anything_else_opens_nothing(text: str) -> None:
    assert open_endpoint(text, KEY) is None
