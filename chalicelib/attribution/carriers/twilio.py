"""Twilio: form-encoded webhooks signed over their URL, answered in TwiML.

One endpoint URL serves all of them: itself for the incoming call, and with a part behind it `dial` (the <Dial> ended),
`status` (progress of the call), `leg` (progress of the forwarded leg) and `recording`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from chalicelib.attribution.carriers import Hook, Route
from chalicelib.attribution.carriers.twilio_events import READERS
from chalicelib.attribution.types import CallEvent
from chalicelib.errors import BadInput, SignatureRejected
from chalicelib.http import Answer
from chalicelib.registry.types import Endpoint

SIGNED_HEADERS = ("x-twilio-signature",)
CREDENTIALS = ("auth_token",)
CALL_FIELDS = ("ParentCallSid", "CallSid")
OPTIONAL_CREDENTIALS = ("api_url",)  # of another region than the usual
RING_SECONDS = 30
MAX_FIELDS = 300
DEFAULT_PORTS = {"https": 443, "http": 80}


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raises SignatureRejected unless the request was signed with the account's auth token."""
    token = endpoint.credentials.get("auth_token", "")
    told = hook.request.header("x-twilio-signature").encode()
    pairs = _pairs(hook.request.body)
    # Twilio signs the URL it was given: with the default port when the account's address has one.
    expected = [signature(url, pairs, token).encode() for url in _spellings(hook.url)]
    matches = [hmac.compare_digest(each, told) for each in expected]
    if not token or not any(matches):
        raise SignatureRejected("The signature does not match.")


def signature(url: str, pairs: list[tuple[str, str]], token: str) -> str:
    """Base64 HMAC-SHA1 over `url` and the sorted fields. A repeated field counts once for each distinct value."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """What one webhook says of its call. Raises BadInput naming the field."""
    kind = hook.parts[0] if hook.parts else "incoming"
    reader = READERS.get(kind)
    if reader is None or len(hook.parts) > 1:
        raise BadInput("path", "is not one of dial, status, leg, recording")
    return (reader(dict(_pairs(hook.request.body)), hook.request.now, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """TwiML: an incoming call is forwarded, a <Dial> that ended ends the call, the rest is taken note of."""
    if not hook.parts:
        return _twiml(_forward(route(), hook.endpoint_url))
    return _twiml("<Hangup/>" if hook.parts == ("dial",) else "")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadInput("body", "is not a form of reasonable size") from None


def _spellings(url: str) -> tuple[str, str]:
    """The URL without and with its scheme's default port."""
    parts = urlsplit(url)
    port = DEFAULT_PORTS.get(parts.scheme)
    host = parts.netloc.removesuffix(f":{port}")
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def _forward(route: Route, endpoint_url: str) -> str:
    if not route.target_number:
        return '<Reject reason="busy"/>'
    attributes = {"answerOnBridge": "true", "timeout": str(RING_SECONDS), "action": f"{endpoint_url}/dial"}
    if route.record:
        attributes |= {"record": "record-from-answer-dual", "recordingStatusCallback": f"{endpoint_url}/recording"}
        attributes |= {"recordingStatusCallbackEvent": "completed absent"}
    leg = {"statusCallback": f"{endpoint_url}/leg", "statusCallbackEvent": "answered completed"}
    dial, number = ("".join(f' {k}="{escape(v)}"' for k, v in each.items()) for each in (attributes, leg))
    return f"<Dial{dial}><Number{number}>{route.target_number}</Number></Dial>"


def _twiml(verbs: str) -> Answer:
    document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'
    return Answer(document, content_type="text/xml; charset=utf-8")
