"""Vonage: JSON webhooks under a JWT that holds the body's hash; the answer is an NCCO that forwards the call.

One endpoint URL serves as answer_url (GET or POST); `event` and `record` behind it take the rest, `leg/<call>` the
events of the leg that our answer forwards the call to, `whisper/<number>` asks for the whisper to who answers it. What
else a webhook is about is read from its fields. Every leg is a call of its own (uuid); their conversation is the call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.vonage.events import LEG, WebhookPayload, kind_of, payload_of, read, read_leg
from chalicelib.core.errors import SignatureRejected
from chalicelib.registry.types import Endpoint, ShownNumber
from chalicelib.runtime.http import Answer

SIGNED_HEADERS = ("authorization",)
METHODS = ("GET", "POST")
CREDENTIALS = ("signature_secret",)
CALL_FIELDS = ("conversation_uuid", "conversation_uuid_from")
OPTIONAL_CREDENTIALS = ("application_id", "private_key", "api_url")  # the first two open recordings
WINDOW_SECONDS = 300
ANSWERING = ("ring_seconds", "show", "announcement", "whisper")
_SAFE = re.compile(r"[A-Za-z0-9-]{1,80}")


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless Vonage signed this very body within five minutes of now."""
    request = hook.request
    scheme, _, token = request.header("authorization").partition(" ")
    claimed = claims(token.strip(), endpoint.credentials.get("signature_secret", ""))
    issued_at = claimed.get("iat")
    if scheme.lower() != "bearer" or claimed.get("iss") != "Vonage":
        raise SignatureRejected("The token is not Vonage's.")
    if not isinstance(issued_at, int) or abs(request.now.timestamp() - issued_at) > WINDOW_SECONDS:
        raise SignatureRejected("The token was not issued within 300 seconds.")
    # A GET has no body, and its token need not hold a hash.
    claimed_hash = str(claimed.get("payload_hash", "")) if request.method != "GET" or request.body else None
    body_hash = hashlib.sha256(request.body).hexdigest()
    if claimed_hash is not None and not hmac.compare_digest(claimed_hash.lower().encode(), body_hash.encode()):
        raise SignatureRejected("The body is not the one that was signed.")


def claims(token: str, secret: str) -> dict[str, Any]:
    """Return the claims of an HS256 JWT. Raises SignatureRejected unless it was signed with `secret`."""
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
    """Return the last part of a JWT whose first two are `signed`."""
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the event of one webhook; none for a whisper request. Raises BadInput naming the field."""
    if hook.asks_whisper:
        return ()  # other events report the answer
    payload, now = payload_of(hook.request), hook.request.now
    if hook.parts[:1] == (LEG,) and len(hook.parts) == 2:
        return (read_leg(payload, hook.parts[1], now, country),)
    return (read(payload, now, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return an NCCO for an incoming call or a whisper, a receipt for events. Vonage repeats what gets a 5xx."""
    if hook.asks_whisper:
        how = route().answering
        return Answer(_spoken(how.whisper, how.language))
    payload = payload_of(hook.request)
    if kind_of(payload) not in ("answer", "input"):  # after an own `input` of the account the call goes the same way
        return Answer({"ok": True})
    return Answer(_ncco(route(), hook, payload))


def _ncco(route: Route, hook: Hook, payload: WebhookPayload) -> list[dict[str, Any]]:
    if not route.target_number:
        return []
    url, how = hook.endpoint_url, route.answering
    # A leg that hears a whisper is in a conversation of its own: its events come to a URL that names the call.
    call_id = payload.conversation_uuid or ""
    events_url = f"{url}/{LEG}/{call_id}" if _SAFE.fullmatch(call_id) else f"{url}/event"
    connect: dict[str, Any] = {"action": "connect", "timeout": how.ring_seconds, "eventUrl": [events_url]}
    target = {"type": "phone", "number": route.target_number.lstrip("+")}
    whisper = {"onAnswer": {"url": hook.whisper_url(payload.called or "")}} if how.whisper else {}
    connect["endpoint"] = [target | whisper]
    shown = (payload.called if how.show is ShownNumber.TRACKING else payload.caller) or ""
    if shown.isascii() and shown.isdigit():
        connect["from"] = shown
    record = {"action": "record", "eventUrl": [f"{url}/record"], "format": "mp3", "split": "conversation"}
    recorded = [record | {"channels": 2}] if route.record else []
    return [*_spoken(how.announcement, how.language), *recorded, connect]


def _spoken(text: str | None, language: str | None) -> list[dict[str, Any]]:
    if not text:
        return []
    if text.startswith("https://"):
        return [{"action": "stream", "streamUrl": [text]}]
    return [{"action": "talk", "text": text} | ({"language": language} if language else {})]
