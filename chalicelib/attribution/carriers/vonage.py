"""Vonage: JSON webhooks under a JWT that holds the body's hash; the answer is an NCCO that forwards the call.

One endpoint URL serves as answer_url (GET or POST); `event` and `record` behind it take the rest. What a webhook tells
is read from its fields. Every leg is a call of its own (uuid) in one conversation, which is the call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from chalicelib.attribution.carriers import Hook, Route
from chalicelib.attribution.carriers.vonage_events import kind_of, read, told_by
from chalicelib.attribution.types import CallEvent
from chalicelib.errors import SignatureRejected
from chalicelib.http import Answer
from chalicelib.registry.types import Endpoint

SIGNED_HEADERS = ("authorization",)
METHODS = ("GET", "POST")
CREDENTIALS = ("signature_secret",)
CALL_FIELDS = ("conversation_uuid", "conversation_uuid_from")
OPTIONAL_CREDENTIALS = ("application_id", "private_key", "api_url")  # the first two open recordings
WINDOW_SECONDS = 300
RING_SECONDS = 30


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raises SignatureRejected unless Vonage signed this very body within five minutes of now."""
    request = hook.request
    scheme, _, token = request.header("authorization").partition(" ")
    told = claims(token.strip(), endpoint.credentials.get("signature_secret", ""))
    issued_at = told.get("iat")
    if scheme.lower() != "bearer" or told.get("iss") != "Vonage":
        raise SignatureRejected("The token is not Vonage's.")
    if not isinstance(issued_at, int) or abs(request.now.timestamp() - issued_at) > WINDOW_SECONDS:
        raise SignatureRejected("The token was not issued within 300 seconds.")
    # A GET has no body, and its token need not hold a hash.
    told_hash = str(told.get("payload_hash", "")) if request.method != "GET" or request.body else None
    body_hash = hashlib.sha256(request.body).hexdigest()
    if told_hash is not None and not hmac.compare_digest(told_hash.lower().encode(), body_hash.encode()):
        raise SignatureRejected("The body is not the one that was signed.")


def claims(token: str, secret: str) -> dict[str, Any]:
    """What an HS256 JWT says. Raises SignatureRejected unless it was signed with `secret`."""
    signed, _, signature = token.rpartition(".")
    if not secret or not hmac.compare_digest(jwt_signature(signed, secret).encode(), signature.encode()):
        raise SignatureRejected("The signature does not match.")
    try:
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    except ValueError:
        raise SignatureRejected("The token cannot be read.") from None
    if not isinstance(payload, dict) or not isinstance(header, dict) or header.get("alg") != "HS256":
        raise SignatureRejected("The token is not an HS256 one.")
    return payload


def jwt_signature(signed: str, secret: str) -> str:
    """The last part of a JWT whose first two are `signed`."""
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """What one webhook says of its call. Raises BadInput naming the field."""
    return (read(told_by(hook.request), hook.request.now, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """An NCCO for a call that comes in, a receipt for events. Vonage sends again what gets a 5xx."""
    told = told_by(hook.request)
    if kind_of(told) != "answer":
        return Answer({"ok": True})
    return Answer(_ncco(route(), hook.endpoint_url, told.caller or ""))


def _ncco(route: Route, endpoint_url: str, caller: str) -> list[dict[str, Any]]:
    if not route.target_number:
        return []
    connect: dict[str, Any] = {"action": "connect", "timeout": RING_SECONDS, "eventUrl": [f"{endpoint_url}/event"]}
    connect["endpoint"] = [{"type": "phone", "number": route.target_number.lstrip("+")}]
    if caller.isascii() and caller.isdigit():
        connect["from"] = caller
    record = {"action": "record", "eventUrl": [f"{endpoint_url}/record"], "format": "mp3"}
    return [record | {"split": "conversation", "channels": 2}, connect] if route.record else [connect]
