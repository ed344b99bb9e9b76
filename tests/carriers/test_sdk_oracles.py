"""The vendors' own validators as oracles, both ways: they accept what we sign, we accept what they accept."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from plivo.utils import validate_v3_signature
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature
from twilio.request_validator import RequestValidator
from vonage_jwt import VonageVerifyJwtError, verify_signature

from chalicelib.carriers.plivo import webhook as plivo
from chalicelib.carriers.telnyx import webhook as telnyx
from chalicelib.carriers.twilio import webhook as twilio
from chalicelib.carriers.vonage import webhook as vonage
from chalicelib.core.clock import from_epoch
from chalicelib.core.errors import SignatureRejected
from tests.carriers.carrier_examples import CREDENTIALS, ED25519_PRIVATE, ED25519_PUBLIC, ENDPOINTS, URL, hook
from tests.requests import NOW

NAMES = st.text("ABCab", min_size=1, max_size=4)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
# Plivo's validator reads the query as bytes, and fails where it decodes to more than ASCII.
QUERIES = st.lists(
    st.tuples(NAMES, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)), max_size=6
)
NONCES = st.text("0123456789", min_size=1, max_size=20)
TOKEN = "plivo-test-auth-token"


def multi(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Repeated fields as the lists Plivo's validator takes."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


@given(fields=FIELDS, query=QUERIES, nonce=NONCES, method=st.sampled_from(["GET", "POST"]))
@settings(max_examples=200, deadline=None)
def test_plivo_accepts_what_we_sign_and_nothing_changed(
    fields: list[tuple[str, str]], query: list[tuple[str, str]], nonce: str, method: str
) -> None:
    if method == "GET":
        fields = []  # they are the query
    url = URL + ("?" + urlencode(query) if query else "")
    ours = plivo.signature(method, url, fields, nonce, TOKEN)
    assert validate_v3_signature(method, url, nonce, TOKEN, ours, multi(fields))
    assert not validate_v3_signature(method, url + "x", nonce, TOKEN, ours, multi(fields))
    changed = plivo.signature(method, url, fields, nonce + "0", TOKEN)
    assert not validate_v3_signature(method, url, nonce, TOKEN, changed, multi(fields))


@given(fields=FIELDS.filter(bool), query=QUERIES, nonce=NONCES, method=st.sampled_from(["GET", "POST"]), spoil=...)
@settings(max_examples=200, deadline=None)
def test_we_accept_of_plivo_exactly_what_its_validator_accepts(
    fields: list[tuple[str, str]], query: list[tuple[str, str]], nonce: str, method: str, spoil: bool
) -> None:
    fields = [] if method == "GET" else fields
    url = URL + ("?" + urlencode(query) if query else "")
    sent = plivo.signature(method, url, fields, nonce, "another" if spoil else TOKEN)
    headers = {"X-Plivo-Signature-V3": f"zzz,{sent}", "X-Plivo-Signature-V3-Nonce": nonce}
    theirs = validate_v3_signature(method, url, nonce, TOKEN, f"zzz,{sent}", multi(fields))
    asked = hook(urlencode(fields), headers=headers, method=method)
    values = {name: tuple(value for each, value in query if each == name) for name, _ in query}
    asked = replace(asked, request=replace(asked.request, query=values))
    assert accepted(plivo, asked) == theirs == (not spoil)


@given(fields=FIELDS, port=st.sampled_from(["", ":443"]), spoil=st.sampled_from(["", "field", "token", "url"]))
@settings(max_examples=200, deadline=None)
def test_we_accept_of_twilio_exactly_what_its_validator_accepts(
    fields: list[tuple[str, str]], port: str, spoil: str
) -> None:
    url = URL.replace("calls.example.com", f"calls.example.com{port}")
    sent = RequestValidator("another" if spoil == "token" else CREDENTIALS["twilio"]["auth_token"]).compute_signature(
        url + "x" * (spoil == "url"), MultiDict([*fields, *[("Z", "1")] * (spoil == "field")])
    )
    theirs = RequestValidator(CREDENTIALS["twilio"]["auth_token"]).validate(URL, MultiDict(fields), sent)
    asked = hook(urlencode(fields), headers={"X-Twilio-Signature": sent})
    assert accepted(twilio, asked) == theirs == (not spoil)


class MultiDict(dict[str, str]):
    """Repeated fields as the web frameworks hand them to Twilio's validator."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def getall(self, name: str) -> list[str]:
        return [value for each, value in self._pairs if each == name]


@given(body=st.binary(max_size=60), off=st.integers(-400, 400), spoil=st.sampled_from(["", "body", "token", "hash"]))
@settings(max_examples=200, deadline=None)
def test_we_take_of_vonage_what_its_validator_takes_and_only_with_the_bodys_own_hash(
    body: bytes, off: int, spoil: str
) -> None:
    secret = CREDENTIALS["vonage"]["signature_secret"]
    hashed = hashlib.sha256(body).hexdigest() if spoil != "hash" else "0" * 64
    issued = int(NOW.timestamp()) + off
    claims = {"iss": "Vonage", "iat": issued, "payload_hash": hashed, "api_key": "k"}
    token = jwt.encode(claims, secret + "x" * (spoil == "token"), algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    ours = accepted(vonage, hook(body + b"x" * (spoil == "body"), headers=headers))
    assert ours == (not spoil and abs(off) <= 300)
    assert not ours or verify_signature(token, secret)


@given(claims=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8)), secret=st.text(min_size=1))
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_vonages_validator_and_ours_agree_on_tokens(claims: dict[str, Any], secret: str) -> None:
    claims = {
        name: value for name, value in claims.items() if name not in ("exp", "nbf", "iat", "iss", "sub", "aud", "jti")
    }
    theirs = jwt.encode(claims, secret, algorithm="HS256")
    assert verify_signature(theirs, secret)
    assert vonage.claims(theirs, secret) == claims
    signed = theirs.rpartition(".")[0]
    assert verify_signature(f"{signed}.{vonage.jwt_signature(signed, secret)}", secret)
    spoiled = f"{signed}.{vonage.jwt_signature(signed, secret + 'x')}"
    assert not verify_signature(spoiled, secret)
    with pytest.raises(SignatureRejected):
        vonage.claims(spoiled, secret)


@given(st.text(max_size=40) | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_neither_takes_rubbish_for_a_token(rubbish: str) -> None:
    with pytest.raises(SignatureRejected):
        vonage.claims(rubbish, "secret")
    with pytest.raises(VonageVerifyJwtError):
        verify_signature(rubbish, "secret")


@given(
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    off=st.integers(-320, 320),
    spoil=st.integers(0, 3),
)
@settings(max_examples=200, deadline=None)
def test_telnyxs_validator_and_ours_agree(body: str, off: int, spoil: int) -> None:
    if abs(abs(off) - 300) < 5:  # their clock runs on between the two
        off = 0
    now = from_epoch(int(time.time()), field="now")
    timestamp = str(int(now.timestamp()) + off)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED25519_PRIVATE))
    signature = base64.b64encode(key.sign(f"{timestamp}|{body}".encode())).decode()
    sent = body + "x" if spoil == 1 else body
    if spoil == 2:
        signature = base64.b64encode(bytes(64)).decode()
    headers = {"telnyx-signature-ed25519": signature, "telnyx-timestamp": timestamp if spoil != 3 else "soon"}
    ours = accepted(telnyx, hook(sent, headers=headers, now=now))
    assert ours == telnyx_accepts(sent, headers)
    assert ours == (spoil == 0 and abs(off) <= 300)


def telnyx_accepts(body: str, headers: dict[str, str]) -> bool:
    try:
        verify_webhook_signature(body, headers, ED25519_PUBLIC)
    except WebhookVerificationError:
        return False
    return True


def accepted(module: Any, request: Any) -> bool:
    vendor = module.__name__.split(".")[2]
    try:
        module.verify(request, ENDPOINTS[vendor])
    except SignatureRejected:
        return False
    return True
