"""Plivo: form-encoded webhooks with signature V3, answered in Plivo XML.

One endpoint URL serves as answer_url and hangup_url; `dial` and `record` behind it go out with our answer. What a
webhook is about is read from its fields, so the application may use the same URL for everything. GET and POST.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Hook, Route, parse_form
from chalicelib.carriers.call_xml import element, response, spoken
from chalicelib.carriers.plivo.events import kind_of, read
from chalicelib.core.errors import SignatureRejected
from chalicelib.registry.types import Endpoint, ShownNumber
from chalicelib.runtime.http import Answer

SIGNED_HEADERS = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3", "x-plivo-signature-v3-nonce")
METHODS = ("GET", "POST")
CREDENTIALS = ("auth_token",)
CALL_FIELDS = ("CallUUID",)
OPTIONAL_CREDENTIALS = ("auth_id", "api_url")  # for recordings behind a login, and to delete them
ANSWERING = ("ring_seconds", "show", "announcement", "whisper")
MAX_RECORDING_SECONDS = 7200


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the account or its main account signed the request."""
    request, token = hook.request, endpoint.credentials.get("auth_token", "")
    url = hook.url
    if request.method != "GET" and request.query:
        url += "?" + urlencode(parse_form.query_pairs(request))
    nonce = request.header("x-plivo-signature-v3-nonce")
    expected = signature(request.method, url, parse_form.pairs(request), nonce, token).encode()
    sent = ",".join(request.header(name) for name in SIGNED_HEADERS[:2])
    matches = [hmac.compare_digest(each.strip().encode(), expected) for each in sent.split(",")]
    if not (token and nonce and any(matches)):
        raise SignatureRejected("The signature does not match.")


def signature(method: str, url: str, fields: parse_form.Pairs, nonce: str, token: str) -> str:
    """Return Base64 HMAC-SHA256 over Plivo's base string of the URL, its query, the fields and the nonce."""
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    query = parse_qsl(parts.query, keep_blank_values=True)
    if method == "GET":
        query, fields = query + fields, []
    joined = "&".join(f"{name}={value}" for name, value in sorted(query))
    mark = "?" if query or fields else ""
    dot = "." if query and fields else ""
    base = f"{bare}{mark}{joined}{dot}" + "".join(name + value for name, value in sorted(fields))
    mac = hmac.new(token.encode(), f"{base}.{nonce}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the event of one webhook; none for a whisper request. Raises BadInput naming the field."""
    if hook.asks_whisper:
        return ()  # other events report the answer
    return (read(dict(parse_form.pairs(hook.request)), hook.request.now, country),)


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return Plivo XML: an incoming call is forwarded, a <Dial> that ended ends the call, all else gets a receipt."""
    form = dict(parse_form.pairs(hook.request))
    if hook.asks_whisper:
        how = route().answering
        return response(spoken(how.whisper, how.language, "Speak"))
    kind = kind_of(form)
    if kind in ("answer", "digits"):  # after an own <GetInput> of the account the call goes the same way
        return response(_forward(route(), hook, form))
    return response("<Hangup/>" if kind == "dial" else "")


def _forward(route: Route, hook: Hook, form: dict[str, str]) -> str:
    if not route.target_number:
        return '<Hangup reason="busy"/>'
    url, how, called = hook.endpoint_url, route.answering, form.get("To", "")
    dial = {"action": f"{url}/dial", "callbackUrl": f"{url}/dial", "timeout": str(how.ring_seconds)}
    shown = called if how.show is ShownNumber.TRACKING else form.get("From", "")
    if shown.isascii() and shown.isdigit():
        dial = {"callerId": shown} | dial
    if how.whisper:
        dial |= {"confirmSound": hook.whisper_url(called)}
    forwarded = element("Dial", dial, element("Number", {}, route.target_number.lstrip("+")))
    before = spoken(how.announcement, how.language, "Speak")
    return before + (_record(f"{url}/record") if route.record else "") + forwarded


def _record(url: str) -> str:
    """Return the verb that records the whole session beside the call, from when the business answers."""
    attributes = {"action": url, "callbackUrl": url, "recordSession": "true", "redirect": "false"}
    return element("Record", attributes | {"maxLength": str(MAX_RECORDING_SECONDS), "startOnDialAnswer": "true"})
