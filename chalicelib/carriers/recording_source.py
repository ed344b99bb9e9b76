"""How each carrier gives its recordings. What a carrier does in its own way stands in one module beside its others.

Each module has what it needs of this small face:
    ask(told, endpoint, now)      → the request for the audio, or for a link to it; raises NoCredentials
    link(body)                    → the link in the answer to an Ask with `answers_with_link`; raises NotReady
    removal(told, endpoint, now)  → the request that deletes the carrier's copy; raises NoCredentials.
                                    A carrier without one cannot be asked to delete
    READY_AFTER                   seconds after which the first try makes sense; none where it says nothing
    PATIENCE                      seconds during which 404 means "not ready yet"; ten minutes where it says nothing
    SAYS_LATER                    True where an answer that is no audio means the same
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from chalicelib.calls.recording import Ask, NoCredentials, NotReady, ReportedRecording
from chalicelib.registry.types import Endpoint

RECORDINGS = {  # vendor → module, imported when its first recording is fetched; the others' links open by themselves
    "exolve": "chalicelib.carriers.exolve.recordings",
    "mango": "chalicelib.carriers.mango.recordings",
    "plivo": "chalicelib.carriers.plivo.recordings",
    "telnyx": "chalicelib.carriers.telnyx.recordings",
    "twilio": "chalicelib.carriers.twilio.recordings",
    "vonage": "chalicelib.carriers.vonage.recordings",
    "zadarma": "chalicelib.carriers.zadarma.recordings",
}
API_URL = "api_url"  # an optional credential: where the carrier's API is, if not at its usual place
PATIENCE = 600

Removal = Callable[[ReportedRecording, Endpoint, datetime], Ask]


def ask_for(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """The first request for a recording. Raises NoCredentials naming what the endpoint lacks."""
    module = _module(endpoint.vendor)
    ask: Ask = module.ask(reported, endpoint, now) if module else plain(reported)
    return ask


def link_ask(vendor: str, body: bytes) -> Ask:
    """The request for the audio at the link that a carrier's API answered. Raises NotReady."""
    return Ask(import_module(RECORDINGS[vendor]).link(body))


def removal_of(vendor: str) -> Removal | None:
    """What makes the request that deletes a carrier's copy; None where the carrier has none."""
    removal: Removal | None = getattr(_module(vendor), "removal", None)
    return removal


def ready_after(vendor: str) -> int:
    """Seconds from the first word of a recording to the first try."""
    seconds: int = getattr(_module(vendor), "READY_AFTER", 0)
    return seconds


def patience(vendor: str) -> int:
    """Seconds during which a recording that is not there may still come."""
    seconds: int = getattr(_module(vendor), "PATIENCE", PATIENCE)
    return seconds


def says_later(vendor: str) -> bool:
    """Whether the carrier answers something else than audio while a recording is not ready."""
    later: bool = getattr(_module(vendor), "SAYS_LATER", False)
    return later


def plain(reported: ReportedRecording) -> Ask:
    """The link as it was told."""
    if not reported.url:
        raise NoCredentials("The carrier told no link to this recording.")
    return Ask(reported.url)


def credential(endpoint: Endpoint, name: str) -> str:
    """A credential without which the carrier gives nothing. Raises NoCredentials."""
    value = endpoint.credentials.get(name)
    if not value:
        raise NoCredentials(f"The endpoint has no credential {name}.")
    return value


def api(endpoint: Endpoint, usual: str) -> str:
    """Where the carrier's API is, without a slash at its end."""
    return endpoint.credentials.get(API_URL, usual).rstrip("/")


def is_carriers(url: str, endpoint: Endpoint, *domains: str) -> bool:
    """Whether a link leads to the carrier itself: credentials go nowhere else, whatever an event says."""
    host = urlsplit(url).hostname or ""
    own = endpoint.credentials.get(API_URL)
    known = any(host == domain or host.endswith(f".{domain}") for domain in domains)
    return known or bool(own and host and urlsplit(own).netloc == urlsplit(url).netloc)


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP's basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def answer_of(body: bytes) -> dict[str, Any]:
    """A JSON object that an API answered. Raises NotReady for anything else."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NotReady("The carrier's answer cannot be read.")
    return answer


def _module(vendor: str) -> ModuleType | None:
    return import_module(RECORDINGS[vendor]) if vendor in RECORDINGS else None
