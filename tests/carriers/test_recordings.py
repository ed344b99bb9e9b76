"""How each carrier is asked for a recording, beside the vendors' own SDKs where there are any."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import jwt
import plivo as plivo_sdk
import pytest
import responses
import telnyx as telnyx_sdk
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec.structs import replace
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client as TwilioClient

from chalicelib.calls.recording import Ask, NoCredentials, NotReady, Refused, ReportedRecording
from chalicelib.carriers import CARRIERS
from chalicelib.carriers import recording_source as carriers
from chalicelib.carriers.mango.webhook import signature as mango_signature
from chalicelib.recordings import download
from chalicelib.registry.types import Endpoint
from tests.carriers.carrier_examples import ENDPOINTS
from tests.fakes.carrier_server import CarrierServer
from tests.requests import NOW

ACCOUNT, SID = "AC" + "0" * 31 + "1", "RE" + "0" * 31 + "1"
TWILIO_URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}"
VONAGE_URL = "https://api.nexmo.com/v1/files/bbbbbbbb-aaaa-cccc-dddd-0123456789ab"
PLIVO_ID = "4bec03ea-4abc-44ba-9dcd-f8d3ff8a9e3c"
PLIVO_URL = f"https://media.plivo.com/v1/Account/MA000000000000000000/Recording/{PLIVO_ID}.mp3"
TELNYX_ID = "428c31b6-7af4-4bcb-b7f5-5013ef9657c1"
TELNYX_URL = "https://s3.amazonaws.com/telephony-recorder-prod/example.mp3?X-Amz-Expires=600"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    pkcs8 = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode())


def reported(url: str | None = None, carriers_id: str | None = None, **said: Any) -> ReportedRecording:
    return ReportedRecording("r1", "call-1", NOW, NOW, carriers_id=carriers_id, url=url, **said)


def endpoint(vendor: str, **credentials: str) -> Endpoint:
    known = ENDPOINTS[vendor]
    return replace(known, credentials=known.credentials | credentials)


def removal(vendor: str, recording: ReportedRecording, known: Endpoint) -> Ask:
    found = carriers.removal_of(vendor)
    assert found is not None
    return found(recording, known, NOW)


def basic(ask: Ask) -> str:
    scheme, _, code = ask.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(code).decode()


def test_every_carrier_has_a_module_of_its_own_or_gives_open_links() -> None:
    assert set(carriers.RECORDINGS) == set(CARRIERS) - {"generic", "uis"}
    for vendor in ("generic", "uis"):
        assert carriers.ask_for(reported("https://pbx.example/1.mp3"), ENDPOINTS[vendor], NOW) == Ask(
            "https://pbx.example/1.mp3"
        )
        assert carriers.removal_of(vendor) is None


# ---- Twilio ----------------------------------------------------------------------------------------------------------


class Seen(HttpClient):  # type: ignore[misc]  # the SDK has no types
    """What Twilio's SDK would send."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []

    def request(self, method: str, url: str, *args: Any, auth: Any = None, **kwargs: Any) -> Response:
        self.requests.append((method, url, auth))
        return Response(204, "")


def test_twilio_is_asked_as_its_account() -> None:
    ask = carriers.ask_for(reported(TWILIO_URL), ENDPOINTS["twilio"], NOW)
    assert (ask.method, ask.url) == ("GET", f"{TWILIO_URL}.mp3")
    assert basic(ask) == f"{ACCOUNT}:twilio-test-auth-token"
    two = carriers.ask_for(reported(TWILIO_URL, channels=2), ENDPOINTS["twilio"], NOW)
    assert two.url == f"{TWILIO_URL}.mp3?RequestedChannels=2"


def test_twilio_deletes_as_its_sdk_does() -> None:
    sdk = Seen()
    TwilioClient(ACCOUNT, "twilio-test-auth-token", http_client=sdk).recordings(SID).delete()
    ask = removal("twilio", reported(TWILIO_URL), ENDPOINTS["twilio"])
    assert [(ask.method, ask.url, tuple(basic(ask).split(":")))] == sdk.requests


@pytest.mark.parametrize(
    "url",
    [
        TWILIO_URL.replace("api.twilio.com", "api.twilio.com.evil.example"),
        TWILIO_URL.replace("api.twilio.com", "eviltwilio.com"),
        TWILIO_URL.replace("api.twilio.com", "evil.example/api.twilio.com"),
        TWILIO_URL.replace("api.twilio.com", "api.twilio.com@evil.example"),
    ],
)
def test_a_token_goes_to_nobody_else(url: str) -> None:
    assert carriers.ask_for(reported(url), ENDPOINTS["twilio"], NOW).headers == {}
    with pytest.raises(NoCredentials):
        removal("twilio", reported(url), ENDPOINTS["twilio"])


def test_another_region_is_named_by_the_endpoint() -> None:
    url = TWILIO_URL.replace("api.twilio.com", "twilio.internal.example:8443")
    known = endpoint("twilio", api_url="https://twilio.internal.example:8443")
    assert basic(carriers.ask_for(reported(url), known, NOW)).startswith(ACCOUNT)


# ---- Telnyx ----------------------------------------------------------------------------------------------------------


def test_telnyx_is_asked_at_its_link_while_that_lives_and_at_its_api_afterwards() -> None:
    recording = reported(TELNYX_URL, TELNYX_ID)
    known = endpoint("telnyx", api_key="KEY1")
    assert carriers.ask_for(recording, known, NOW + timedelta(minutes=8)) == Ask(TELNYX_URL)
    later = carriers.ask_for(recording, known, NOW + timedelta(minutes=10))
    assert (later.url, later.answers_with_link) == (f"https://api.telnyx.com/v2/recordings/{TELNYX_ID}", True)
    assert later.headers == {"Authorization": "Bearer KEY1"}
    for poor in (ENDPOINTS["telnyx"], replace(known, credentials={})):
        assert carriers.ask_for(recording, poor, NOW + timedelta(minutes=10)) == Ask(TELNYX_URL)


def test_telnyx_answers_a_fresh_link() -> None:
    body = {"data": {"id": TELNYX_ID, "download_urls": {"mp3": None, "wav": "https://s3.example/1.wav"}}}
    assert carriers.link_ask("telnyx", json.dumps(body).encode()) == Ask("https://s3.example/1.wav")
    for empty in (b"{}", b'{"data": null}', b'{"data": {"download_urls": {}}}', b"[]", b"<html>", b"\xff"):
        with pytest.raises(NotReady):
            carriers.link_ask("telnyx", empty)


def test_telnyx_deletes_as_its_sdk_does(server: CarrierServer) -> None:
    server.give(f"/v2/recordings/{TELNYX_ID}", b'{"data": {}}')
    telnyx_sdk.Telnyx(api_key="KEY1", base_url=f"{server.url}/v2").recordings.delete(TELNYX_ID)
    known = endpoint("telnyx", api_key="KEY1", api_url=server.url)
    assert download.status_of(removal("telnyx", reported(carriers_id=TELNYX_ID), known)) == 200
    theirs, ours = server.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.headers["authorization"] == theirs.headers["authorization"]


def test_telnyx_cannot_delete_without_a_key_or_an_id() -> None:
    for recording, known in (
        (reported(TELNYX_URL), endpoint("telnyx", api_key="KEY1")),
        (reported(carriers_id="1"), None),
    ):
        with pytest.raises(NoCredentials):
            removal("telnyx", recording, known or ENDPOINTS["telnyx"])


# ---- Plivo -----------------------------------------------------------------------------------------------------------


def test_plivo_is_asked_openly_or_as_its_account() -> None:
    recording = reported(PLIVO_URL, PLIVO_ID)
    assert carriers.ask_for(recording, ENDPOINTS["plivo"], NOW) == Ask(PLIVO_URL)
    known = endpoint("plivo", auth_id="MA1")
    assert basic(carriers.ask_for(recording, known, NOW)) == "MA1:plivo-test-auth-token"
    assert carriers.ask_for(reported("https://evil.example/1.mp3"), known, NOW).headers == {}


@responses.activate
def test_plivo_deletes_as_its_sdk_does() -> None:
    account = "MAXXXXXXXXXXXXXXXXXX"
    responses.add(responses.DELETE, re.compile(r"https://api\.plivo\.com/.*"), status=204)
    plivo_sdk.RestClient(account, "plivo-test-auth-token").recordings.delete(PLIVO_ID)
    theirs = responses.calls[0].request
    ask = removal("plivo", reported(carriers_id=PLIVO_ID), endpoint("plivo", auth_id=account))
    assert (ask.method, ask.url, ask.headers["Authorization"]) == (
        theirs.method,
        theirs.url,
        theirs.headers["Authorization"],
    )


def test_plivo_cannot_delete_without_its_account() -> None:
    for recording, known in (
        (reported(carriers_id=PLIVO_ID), ENDPOINTS["plivo"]),
        (reported(), endpoint("plivo", auth_id="M")),
    ):
        with pytest.raises(NoCredentials):
            removal("plivo", recording, known)


# ---- Vonage ----------------------------------------------------------------------------------------------------------


def test_vonage_is_asked_with_a_token_that_its_application_signed() -> None:
    known = endpoint("vonage", application_id="app-1", private_key=pem(RSA))
    ask = carriers.ask_for(reported(VONAGE_URL), known, NOW)
    assert ask.url == VONAGE_URL
    token = ask.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token, RSA.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert (claims["application_id"], claims["iat"]) == ("app-1", int(NOW.timestamp()))
    assert claims["exp"] - claims["iat"] == 300
    again = carriers.ask_for(reported(VONAGE_URL), known, NOW).headers["Authorization"]
    assert again != ask.headers["Authorization"]  # a token works once
    gone = removal("vonage", reported(VONAGE_URL), known)
    assert (gone.method, gone.url) == ("DELETE", "https://api.nexmo.com/v3/media/bbbbbbbb-aaaa-cccc-dddd-0123456789ab")


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"application_id": "app-1"},
        {"application_id": "app-1", "private_key": "not a key"},
        {"application_id": "app-1", "private_key": pem(ec.generate_private_key(ec.SECP256R1()))},
    ],
)
def test_vonage_needs_the_applications_key(credentials: dict[str, str]) -> None:
    with pytest.raises(NoCredentials):
        carriers.ask_for(reported(VONAGE_URL), endpoint("vonage", **credentials), NOW)


def test_vonages_token_goes_to_nobody_else() -> None:
    known = endpoint("vonage", application_id="app-1", private_key=pem(RSA))
    with pytest.raises(Refused):
        carriers.ask_for(reported("https://evil.example/v1/files/1"), known, NOW)


# ---- Zadarma, Mango Office, Exolve -----------------------------------------------------------------------------------


def test_zadarma_is_asked_for_a_link_with_its_own_signature() -> None:
    ask = carriers.ask_for(reported(carriers_id="1763805128.1234567"), endpoint("zadarma", key="KEY1"), NOW)
    query = "call_id=1763805128.1234567"
    assert (ask.url, ask.answers_with_link) == (f"https://api.zadarma.com/v1/pbx/record/request/?{query}", True)
    signed = "/v1/pbx/record/request/" + query + hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
    mac = hmac.new(b"zadarma-test-secret", signed.encode(), "sha1").hexdigest()
    assert ask.headers == {"Authorization": "KEY1:" + base64.b64encode(mac.encode()).decode()}
    with pytest.raises(NoCredentials, match="key"):
        carriers.ask_for(reported(carriers_id="1"), ENDPOINTS["zadarma"], NOW)
    assert carriers.ready_after("zadarma") == 40
    assert carriers.removal_of("zadarma") is None


@pytest.mark.parametrize("field", [{"link": "https://z.example/1.mp3"}, {"links": ["https://z.example/1.mp3"]}])
def test_zadarma_answers_one_link_or_several(field: dict[str, Any]) -> None:
    assert (
        carriers.link_ask("zadarma", json.dumps({"status": "success"} | field).encode()).url
        == "https://z.example/1.mp3"
    )
    for waiting in ({"status": "error", "message": "Requested file not found"}, {"status": "success", "links": []}):
        with pytest.raises(NotReady):
            carriers.link_ask("zadarma", json.dumps(waiting).encode())


def test_mango_is_asked_by_a_signed_form() -> None:
    ask = carriers.ask_for(reported(carriers_id="MjoxMDA4NjI3"), ENDPOINTS["mango"], NOW)
    assert (ask.method, ask.url) == ("POST", "https://app.mango-office.ru/vpbx/queries/recording/post")
    form = dict(parse_qsl((ask.body or b"").decode()))
    assert json.loads(form["json"]) == {"recording_id": "MjoxMDA4NjI3", "action": "download"}
    key, salt = ENDPOINTS["mango"].credentials["api_key"], ENDPOINTS["mango"].credentials["api_salt"]
    assert (form["vpbx_api_key"], form["sign"]) == (key, mango_signature(key, form["json"], salt))
    assert (carriers.says_later("mango"), carriers.patience("mango")) == (True, 86_400)


def test_exolve_is_asked_at_its_link_or_at_a_path_whose_place_is_known() -> None:
    assert carriers.ask_for(reported("https://rec.example/1.mp3"), ENDPOINTS["exolve"], NOW) == Ask(
        "https://rec.example/1.mp3"
    )
    path = reported(carriers_id="/path/from/event.mp3")
    with pytest.raises(NoCredentials, match="api_url"):
        carriers.ask_for(path, ENDPOINTS["exolve"], NOW)
    known = endpoint("exolve", api_url="https://rec.exolve.example/", api_key="KEY1")
    ask = carriers.ask_for(path, known, NOW)
    assert (ask.url, ask.headers) == (
        "https://rec.exolve.example/path/from/event.mp3",
        {"Authorization": "Bearer KEY1"},
    )
