"""Twilio: form-encoded webhooks signed over their URL, answered in TwiML.

One endpoint URL serves all of them: itself for the incoming call, and with a part behind it `dial` (the <Dial> ended),
`status` (progress of the call), `leg` (progress of the forwarded leg), `recording`, `whisper` and `digits` (the action
of a <Gather> of the account's own, after which the call is forwarded).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.call_xml import element, response, spoken
from chalicelib.carriers.twilio.events import READERS
from chalicelib.core.errors import BadInput, SignatureRejected
from chalicelib.registry.types import Endpoint, ShownNumber
from chalicelib.runtime.http import Answer

SIGNED_HEADERS = ("x-twilio-signature",)
CREDENTIALS = ("auth_token",)
CALL_FIELDS = ("ParentCallSid", "CallSid")
OPTIONAL_CREDENTIALS = ("api_url",)  # of another region than the usual
ANSWERING = ("ring_seconds", "show", "announcement", "whisper")
MAX_FIELDS = 300
DEFAULT_PORTS = {"https": 443, "http": 80}


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the request was signed with the account's auth token."""
    token = endpoint.credentials.get("auth_token", "")
    sent = hook.request.header("x-twilio-signature").encode()
    pairs = _pairs(hook.request.body)
    # Twilio signs the URL it was given: with the default port when the account's address has one.
    expected = [signature(url, pairs, token).encode() for url in _spellings(hook.url)]
    matches = [hmac.compare_digest(each, sent) for each in expected]
    if not token or not any(matches):
        raise SignatureRejected("The signature does not match.")


def signature(url: str, pairs: list[tuple[str, str]], token: str) -> str:
    """Return Base64 HMAC-SHA1 over `url` and the sorted fields. A repeated field counts once per distinct value."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the event of one webhook; none for a whisper request. Raises BadInput naming the field."""
    if hook.asks_whisper:
        return ()  # other events report the answer
    form = dict(_pairs(hook.request.body))
    kind = hook.parts[0] if hook.parts else "digits" if "Digits" in form else "incoming"
    reader = READERS.get(kind)
    if reader is None or len(hook.parts) > 1:
        raise BadInput("path", "is not one of dial, status, leg, recording, digits")
    return (reader(form, hook.request.now, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return TwiML: an incoming call is forwarded, who answers hears the whisper, a <Dial> that ended ends the call."""
    if hook.parts in ((), ("digits",)):
        return response(_forward(route(), hook))
    if hook.asks_whisper:
        how = route().answering
        return response(spoken(how.whisper, how.language))
    return response("<Hangup/>" if hook.parts == ("dial",) else "")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadInput("body", "is not a form of reasonable size") from None


def _spellings(url: str) -> tuple[str, str]:
    """Return the URL without and with its scheme's default port."""
    parts = urlsplit(url)
    port = DEFAULT_PORTS.get(parts.scheme)
    host = parts.netloc.removesuffix(f":{port}")
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def _forward(route: Route, hook: Hook) -> str:
    if not route.target_number:
        return '<Reject reason="busy"/>'
    url, how, called = hook.endpoint_url, route.answering, dict(_pairs(hook.request.body)).get("To", "")
    dial = {"answerOnBridge": "true", "timeout": str(how.ring_seconds), "action": f"{url}/dial"}
    if how.show is ShownNumber.TRACKING and called.startswith("+"):
        dial |= {"callerId": called}
    if route.record:
        dial |= {"record": "record-from-answer-dual", "recordingStatusCallback": f"{url}/recording"}
        dial |= {"recordingStatusCallbackEvent": "completed absent"}
    leg = {"statusCallback": f"{url}/leg", "statusCallbackEvent": "answered completed"}
    if how.whisper:
        leg |= {"url": hook.whisper_url(called)}
    number = element("Number", leg, route.target_number)
    return spoken(how.announcement, how.language) + element("Dial", dial, number)
