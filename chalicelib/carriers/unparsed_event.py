"""A well-signed webhook that cannot be parsed: which call it is of, so that it is stored with the call. Pure.

Carriers add kinds of events, words and fields without asking. Refusing what we do not know would lose it, and hang up
on a caller whose call starts with it. A module names in CALL_FIELDS where its carrier's bodies name the call.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Carrier, Hook, parse_form
from chalicelib.core import encryption
from chalicelib.core.errors import BadInput
from chalicelib.runtime.http import Request

UNREAD_PREFIX = "unread-"


def placeholder(module: Carrier, hook: Hook, refused: BadInput, name: str) -> CallEvent | None:
    """Return the event for a hook that cannot be parsed, the same for its repetitions; None if it names no call.

    It names the field that could not be parsed, and has nothing of its content.
    """
    named = _call_named(hook.request, getattr(module, "CALL_FIELDS", ()))
    if named is None:
        return None
    return CallEvent(f"{UNREAD_PREFIX}{name}", named, at=hook.request.now, unread=refused.field)


def digest_of(event: CallEvent) -> str | None:
    """Return the digest of the unparsed request that an event was stored for; None for any other event."""
    return event.event_id.removeprefix(UNREAD_PREFIX) if event.unread is not None else None


def digest(hook: Hook, signing_key: bytes) -> str:
    """Return the keyed digest, in hex digits, of what a request says."""
    content = repr((hook.parts, sorted(hook.request.query.items()))).encode() + hook.request.body
    return encryption.digest(content, signing_key=signing_key, purpose="events")


def _call_named(request: Request, paths: tuple[str, ...]) -> str | None:
    try:
        fields = _fields(request)
    except (BadInput, msgspec.DecodeError):
        return None
    found = (_at(fields, path.split(".")) for path in paths)
    return next((call_id for call_id in found if call_id), None)


def _fields(request: Request) -> Any:
    if request.method != "GET" and request.body.lstrip().startswith(b"{"):
        return msgspec.json.decode(request.body)
    return dict(parse_form.pairs(request))


def _at(fields: Any, path: list[str]) -> str | None:
    """Return the value at `path` of the fields, as text. A form's field may hold JSON."""
    for name in path:
        if isinstance(fields, str):
            fields = msgspec.json.decode(fields)
        fields = fields.get(name) if isinstance(fields, dict) else None
    return str(fields) if isinstance(fields, str | int) else None
