"""How each carrier gives its recordings. What a carrier does in its own way is in its folder's `recordings.py`.

Each module has what it needs of this small interface:
    ask(reported, endpoint, now)  → the request for the audio, or for a link to it; raises NoCredentials
    link(body)                    → the link in the answer to an Ask with `answers_with_link`; raises NotReady
    removal(reported, endpoint, now)
                                  → the request that deletes the carrier's copy; raises NoCredentials.
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
API_URL = "api_url"  # an optional credential: where the carrier's API is, if not at its usual address
PATIENCE = 600

Removal = Callable[[ReportedRecording, Endpoint, datetime], Ask]


def ask_for(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the first request for a recording. Raises NoCredentials naming what the endpoint lacks."""
    module = _module(endpoint.vendor)
    ask: Ask = module.ask(reported, endpoint, now) if module else plain(reported)
    return ask


def link_ask(vendor: str, body: bytes) -> Ask:
    """Return the request for the audio, at the link in a carrier's API answer. Raises NotReady."""
    return Ask(import_module(RECORDINGS[vendor]).link(body))


def removal_of(vendor: str) -> Removal | None:
    """Return the function that makes the request to delete a carrier's copy; None if the carrier has none."""
    removal: Removal | None = getattr(_module(vendor), "removal", None)
    return removal


def ready_after(vendor: str) -> int:
    """Return the seconds from a recording's first report to the first try."""
    seconds: int = getattr(_module(vendor), "READY_AFTER", 0)
    return seconds


def patience(vendor: str) -> int:
    """Return the seconds during which a recording that is not there may still come."""
    seconds: int = getattr(_module(vendor), "PATIENCE", PATIENCE)
    return seconds


def says_later(vendor: str) -> bool:
    """Return whether the carrier answers something other than audio while a recording is not ready."""
    later: bool = getattr(_module(vendor), "SAYS_LATER", False)
    return later


def plain(reported: ReportedRecording) -> Ask:
    """Return the request for the link as it was reported. Raises NoCredentials without one."""
    if not reported.url:
        raise NoCredentials("The carrier reported no link to this recording.")
    return Ask(reported.url)


def credential(endpoint: Endpoint, name: str) -> str:
    """Return a credential that the carrier requires. Raises NoCredentials if the endpoint lacks it."""
    value = endpoint.credentials.get(name)
    if not value:
        raise NoCredentials(f"The endpoint has no credential {name}.")
    return value


def api(endpoint: Endpoint, usual: str) -> str:
    """Return the URL of the carrier's API, without a slash at its end."""
    return endpoint.credentials.get(API_URL, usual).rstrip("/")


def is_carriers(url: str, endpoint: Endpoint, *domains: str) -> bool:
    """Return whether a link leads to the carrier itself: credentials go nowhere else, even if an event says so."""
    host = urlsplit(url).hostname or ""
    own = endpoint.credentials.get(API_URL)
    known = any(host == domain or host.endswith(f".{domain}") for domain in domains)
    return known or bool(own and host and urlsplit(own).netloc == urlsplit(url).netloc)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP's basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """Return the header of a bearer token."""
    return {"Authorization": f"Bearer {token}"}


def answer_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object of an API's answer. Raises NotReady for anything else."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NotReady("The carrier's answer cannot be read.")
    return answer


def _module(vendor: str) -> ModuleType | None:
    return import_module(RECORDINGS[vendor]) if vendor in RECORDINGS else None
