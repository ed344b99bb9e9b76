"""Plivo: the link of the callback; with `auth_id` the account's own authentication, and deletion."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from chalicelib.calls.recording import Ask, NoCredentials, ReportedRecording
from chalicelib.carriers.recording_source import api, basic, credential, is_carriers, plain
from chalicelib.registry.types import Endpoint

USUAL_API = "https://api.plivo.com"


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the link, signed if the endpoint can sign: an account may switch open links off."""
    url = plain(reported).url
    known = endpoint.credentials.get("auth_id") and is_carriers(url, endpoint, "plivo.com")
    return Ask(url, headers=_signed(endpoint) if known else {})


def removal(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request that deletes the recording. Raises NoCredentials without its id or `auth_id`."""
    if not reported.carriers_id:
        raise NoCredentials("Plivo reported no id of this recording.")
    account = f"{api(endpoint, USUAL_API)}/v1/Account/{credential(endpoint, 'auth_id')}"
    return Ask(f"{account}/Recording/{quote(reported.carriers_id, safe='')}/", "DELETE", _signed(endpoint))


def _signed(endpoint: Endpoint) -> dict[str, str]:
    return basic(endpoint.credentials["auth_id"], endpoint.credentials.get("auth_token", ""))
