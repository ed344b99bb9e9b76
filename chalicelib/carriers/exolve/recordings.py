"""MTS Exolve: a link, or a path whose place the endpoint's `api_url` must tell; `api_key` where that asks for one."""

from __future__ import annotations

from datetime import datetime

from chalicelib.calls.recording import Ask, ReportedRecording
from chalicelib.carriers.recording_source import API_URL, bearer, credential, plain
from chalicelib.registry.types import Endpoint


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """The link, or the path below `api_url`. Raises NoCredentials where there is neither."""
    if reported.url:
        return plain(reported)
    key, place = endpoint.credentials.get("api_key"), credential(endpoint, API_URL).rstrip("/")
    return Ask(f"{place}/{(reported.carriers_id or '').lstrip('/')}", headers=bearer(key) if key else {})
