"""Telnyx: a link that lives ten minutes; after that, and to delete the recording, its API with `api_key`."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from chalicelib.calls.recording import Ask, NoCredentials, NotReady, ReportedRecording
from chalicelib.carriers.recording_source import answer_of, api, bearer, credential, plain
from chalicelib.registry.types import Endpoint

USUAL_API = "https://api.telnyx.com"
LINK_LIVES = timedelta(minutes=9)


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the link while it is fresh, then for the API if the endpoint has a key, else the link."""
    fresh = reported.url and now - reported.linked_at < LINK_LIVES
    if fresh or not (reported.carriers_id and endpoint.credentials.get("api_key")):
        return plain(reported)
    return Ask(_resource(reported, endpoint), headers=_signed(endpoint), answers_with_link=True)


def link(body: bytes) -> str:
    """Return the fresh link in the API's description of the recording. Raises NotReady."""
    described = answer_of(body).get("data") or {}
    links = described.get("download_urls") or {}
    found = links.get("mp3") or links.get("wav")
    if not found:
        raise NotReady("Telnyx has no file of this recording yet.")
    return str(found)


def removal(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request that deletes the recording. Raises NoCredentials without its id or `api_key`."""
    return Ask(_resource(reported, endpoint), "DELETE", _signed(endpoint))


def _resource(reported: ReportedRecording, endpoint: Endpoint) -> str:
    if not reported.carriers_id:
        raise NoCredentials("Telnyx reported no id of this recording.")
    return f"{api(endpoint, USUAL_API)}/v2/recordings/{quote(reported.carriers_id, safe='')}"


def _signed(endpoint: Endpoint) -> dict[str, str]:
    return bearer(credential(endpoint, "api_key"))
