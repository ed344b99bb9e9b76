"""MTS Exolve: a link, or a path below the endpoint's `api_url`, with `api_key` if that API asks for one."""

from __future__ import annotations

from datetime import datetime

from chalicelib.calls.recording import Ask, ReportedRecording
from chalicelib.carriers.recording_source import API_URL, bearer, credential, plain
from chalicelib.registry.types import Endpoint


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the link, or for the path below `api_url`. Raises NoCredentials if there is neither."""
    if reported.url:
        return plain(reported)
    key, base = endpoint.credentials.get("api_key"), credential(endpoint, API_URL).rstrip("/")
    return Ask(f"{base}/{(reported.carriers_id or '').lstrip('/')}", headers=bearer(key) if key else {})
