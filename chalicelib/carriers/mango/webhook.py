"""Mango Office: forms of vpbx_api_key, sign and json, posted to `<endpoint URL>/events/…`.

Mango reads nothing but the HTTP status: calls are forwarded by the settings of the virtual PBX. `entry_id` is the call,
`call_id` one of its legs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Hook, Route, parse_form
from chalicelib.carriers.address_allowlist import CREDENTIAL, check_source
from chalicelib.carriers.mango.events import READERS
from chalicelib.core.errors import BadInput, SignatureRejected
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Answer

SIGNED_HEADERS: tuple[str, ...] = ()
CREDENTIALS = ("api_key", "api_salt")
CALL_FIELDS = ("json.entry_id",)
OPTIONAL_CREDENTIALS = (CREDENTIAL, "api_url")


def verify(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected unless the json field, as it came, was signed with the key and salt of the product."""
    form = dict(parse_form.pairs(hook.request))
    key, salt = endpoint.credentials.get("api_key", ""), endpoint.credentials.get("api_salt", "")
    expected = signature(key, form.get("json", ""), salt).encode()
    same_key = hmac.compare_digest(form.get("vpbx_api_key", "").encode(), key.encode())
    if not (key and salt and hmac.compare_digest(expected, form.get("sign", "").lower().encode()) and same_key):
        raise SignatureRejected("The signature does not match.")
    check_source(hook, endpoint)


def signature(key: str, raw: str, salt: str) -> str:
    """Return hex SHA-256 of key, raw json field and salt."""
    return hashlib.sha256((key + raw + salt).encode()).hexdigest()


def parse(hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the event of one notification; none for notifications about no call. Raises BadInput naming the field."""
    form = dict(parse_form.pairs(hook.request))
    reader = READERS.get("/".join(hook.parts))
    if reader is None:  # sms, tags of recordings, results of commands: signed, and not about how a call went
        return ()
    if "json" not in form:
        raise BadInput("json", "is missing")
    event = reader(form["json"].encode(), hook.request.now, endpoint.time_zone, country)
    return (event,) if event else ()


def reply(hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer:
    """Return a receipt."""
    return Answer({"ok": True})
