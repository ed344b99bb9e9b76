"""Telnyx: signed by Ed25519. TeXML forms (answered in TeXML, which forwards the call) and Call Control events in JSON.

A TeXML application is given the endpoint's URL for incoming calls and `…/status` for the progress; the URLs of `dial`
and `recording` go out with our answer; `digits` is the action of a <Gather> of the account's own, after which the call
is forwarded. A Call Control connection may send its events to the endpoint's URL as well: its answers are commands over
HTTP, so those events are only taken note of.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.call_xml import element, response, spoken
from chalicelib.carriers.telnyx import events as telnyx_events
from chalicelib.core.errors import SignatureRejected
from chalicelib.registry.types import Endpoint, ShownNumber
from chalicelib.runtime.http import Answer

SIGNED_HEADERS = ("telnyx-timestamp", "telnyx-signature-ed25519")
CREDENTIALS = ("public_key",)
CALL_FIELDS = ("data.payload.call_session_id", "ParentCallSid", "CallSid")
OPTIONAL_CREDENTIALS = ("api_key", "api_url")  # for recordings whose link has ended, and to delete them
WINDOW_SECONDS = 300
ANSWERING = ("ring_seconds", "show", "announcement", "whisper")


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the account's key signed the body within five minutes of now."""
    request = hook.request
    timestamp = request.header("telnyx-timestamp")
    signature = request.header("telnyx-signature-ed25519")
    if not _signed(endpoint.credentials.get("public_key", ""), signature, timestamp, request.body):
        raise SignatureRejected("The signature does not match.")
    if not timestamp.isdigit() or abs(request.now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
        raise SignatureRejected("The timestamp is not within 300 seconds.")


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the event of one webhook; none for a whisper request. Raises BadInput naming the field."""
    if hook.asks_whisper:
        return ()  # other events report the answer
    if telnyx_events.is_call_control(hook):
        return (telnyx_events.call_control(hook, country),)
    return (telnyx_events.texml(hook, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return TeXML: an incoming call is forwarded, a <Dial> that ended ends the call. Call Control gets a receipt."""
    if telnyx_events.is_call_control(hook):
        return Answer({"ok": True})
    if hook.asks_whisper:
        how = route().answering
        return response(spoken(how.whisper, how.language))
    kind = telnyx_events.texml_kind(hook)
    if kind in ("incoming", "digits"):
        return response(_forward(route(), hook))
    return response("<Hangup/>" if kind == "dial" else "")


def _signed(public_key: str, signature: str, timestamp: str, body: bytes) -> bool:
    # 25 ms and only Telnyx's webhooks need it
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _forward(route: Route, hook: Hook) -> str:
    if not route.target_number:
        return '<Reject reason="busy"/>'
    url, how, called = hook.endpoint_url, route.answering, telnyx_events.texml_form(hook).get("To", "")
    dial = {"timeout": str(how.ring_seconds), "action": f"{url}/dial"}
    if how.show is ShownNumber.TRACKING and called.startswith("+"):
        dial |= {"callerId": called}
    if route.record:
        dial |= {"record": "record-from-answer-dual", "recordingStatusCallback": f"{url}/recording"}
        dial |= {"recordingStatusCallbackEvent": "completed absent"}
    number = element("Number", {"url": hook.whisper_url(called)} if how.whisper else {}, route.target_number)
    return spoken(how.announcement, how.language) + element("Dial", dial, number)
