"""Vonage: the link of the event, opened only by a JWT that the application's private key signed."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.calls.recording import Ask, NoCredentials, Refused, ReportedRecording
from chalicelib.carriers.recording_source import bearer, credential, is_carriers, plain
from chalicelib.core import tokens
from chalicelib.registry.types import Endpoint

DOMAINS = ("nexmo.com", "vonage.com")
LIVES_SECONDS = 300


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the link, with a fresh token. Raises Refused if it is not Vonage's, NoCredentials."""
    url = plain(reported).url
    if not is_carriers(url, endpoint, *DOMAINS):
        raise Refused("The link does not lead to Vonage.")
    return Ask(url, headers=bearer(application_token(endpoint, now)))


def removal(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request that deletes the recording at the Media API, by the last part of its link."""
    fetch = ask(reported, endpoint, now)
    parts = urlsplit(fetch.url)
    file_id = parts.path.rstrip("/").rpartition("/")[2]
    return Ask(f"{parts.scheme}://{parts.netloc}/v3/media/{file_id}", "DELETE", fetch.headers)


def application_token(endpoint: Endpoint, now: datetime) -> str:
    """Return an RS256 JWT of the application. Raises NoCredentials."""
    application_id, pem = credential(endpoint, "application_id"), credential(endpoint, "private_key")
    issued = int(now.timestamp())
    claims = {"application_id": application_id, "iat": issued, "exp": issued + LIVES_SECONDS}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims | {'jti': tokens.random_id('')})}"
    return f"{signed}.{_text(_signature(signed.encode(), pem))}"


def _signature(signed: bytes, pem: str) -> bytes:
    # 25 ms and only Vonage's recordings need it
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NoCredentials("The endpoint's private_key cannot be read.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NoCredentials("The endpoint's private_key is not an RSA key.")
    return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def _part(claims: dict[str, Any]) -> str:
    return _text(json.dumps(claims, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
