"""Carriers: who reports calls to us. A new carrier is one folder beside this file and one row here.

Each folder's `webhook.py` has the same small interface:
    SIGNED_HEADERS                    the headers its signature needs, in lower case
    verify(hook, endpoint)            raises SignatureRejected
    parse(hook, endpoint, country)    → the events the hook reports, raises BadInput naming the field
    reply(hook, events, route)        → Answer; `route()` finds where to forward the call, only where that is asked
    echo(request)                     → Answer to a GET check; only carriers that make one have it
    METHODS                           the HTTP methods its events come by; POST where it says nothing
    CALL_FIELDS                       where a body names its call (`data.call_id`), tried in turn: what else of an event
                                      cannot be parsed is then stored; without it, refused
    ANSWERING                         the fields of Answering its answer can follow; none where it says nothing
    CREDENTIALS, OPTIONAL_CREDENTIALS names of what an endpoint must and may be given; `secret` where it says nothing
`recordings.py` beside it fetches its recordings where a link is not enough (see recording_source.py), and `history.py`
reads its exports (see history/).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from msgspec import Struct, field

from chalicelib.calls.types import CallEvent
from chalicelib.core import encryption
from chalicelib.registry.types import Answering, Endpoint
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

CARRIERS = {  # name in the URL → module, imported when first called
    "exolve": "chalicelib.carriers.exolve.webhook",
    "generic": "chalicelib.carriers.generic.webhook",
    "mango": "chalicelib.carriers.mango.webhook",
    "plivo": "chalicelib.carriers.plivo.webhook",
    "telnyx": "chalicelib.carriers.telnyx.webhook",
    "twilio": "chalicelib.carriers.twilio.webhook",
    "uis": "chalicelib.carriers.uis.webhook",
    "vonage": "chalicelib.carriers.vonage.webhook",
    "zadarma": "chalicelib.carriers.zadarma.webhook",
}
# Some telephone systems name a call by who made it: such an id would be in every log line.
_LIKE_A_NUMBER = re.compile(r"(?<![0-9A-Fa-f])[0-9]{11,15}(?![0-9A-Fa-f])")
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")  # also in the keys that Amazon Transcribe writes to
WHISPER = "whisper"  # the part behind an endpoint's URL


class Hook(Struct, frozen=True):
    """One webhook request: what came, the path parts behind the endpoint's URL, that URL as the carrier knows it."""

    request: Request
    parts: tuple[str, ...]
    endpoint_url: str

    @property
    def url(self) -> str:
        """The public URL of this very request. A REST API hides the raw query, so endpoints never carry one."""
        return "/".join((self.endpoint_url, *self.parts))

    @property
    def asks_whisper(self) -> bool:
        """Whether the carrier asks what to say to who answered, at the URL that our answer to the call named."""
        return self.parts[:1] == (WHISPER,)

    @property
    def whispered_number(self) -> str | None:
        """The tracking number (E.164) of the call that a whisper request is about."""
        digits = self.parts[1] if self.asks_whisper and len(self.parts) == 2 else ""
        return f"+{digits}" if digits.isascii() and digits.isdigit() else None

    def whisper_url(self, number: str) -> str:
        """Return the URL where a carrier asks for the whisper of a call to `number`, written in any way."""
        digits = number.lstrip("+")
        parts = (WHISPER, digits) if digits.isascii() and digits.isdigit() else (WHISPER,)
        return "/".join((self.endpoint_url, *parts))


class Route(Struct, frozen=True):
    """Where a call goes: the target number (E.164; None if it is not known), whether it is recorded, how it rings."""

    target_number: str | None
    record: bool
    answering: Answering = field(default_factory=Answering)


class Carrier(Protocol):
    """The interface of a carrier's `webhook.py`."""

    SIGNED_HEADERS: tuple[str, ...]

    def verify(self, hook: Hook, endpoint: Endpoint) -> None: ...
    def parse(self, hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]: ...
    def reply(self, hook: Hook, events: tuple[CallEvent, ...], route: Callable[[], Route]) -> Answer: ...


def carrier(name: str) -> Carrier | None:
    """Return the carrier's module, or None for a name we do not know."""
    module = CARRIERS.get(name)
    return cast(Carrier, import_module(module)) if module else None


def our_call_id(vendor: str, carriers_id: str) -> str:
    """Return our id of a call, `twilio-CA…`: of the carrier's id if that is safe in URLs and logs, else of a digest."""
    if _SAFE_ID.fullmatch(carriers_id) and not _LIKE_A_NUMBER.search(carriers_id):
        return f"{vendor}-{carriers_id}"
    return (
        f"{vendor}-h{encryption.digest(carriers_id.encode(), signing_key=settings().signing_key, purpose='call ids')}"
    )
