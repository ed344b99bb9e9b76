"""Twilio: the link of the webhook with an extension; account and auth token where the account asks for them."""

from __future__ import annotations

import re
from datetime import datetime

from chalicelib.calls.recording import Ask, NoCredentials, ReportedRecording
from chalicelib.carriers.recording_source import basic, is_carriers, plain
from chalicelib.registry.types import Endpoint

_ACCOUNT = re.compile(r"/Accounts/(AC[0-9a-zA-Z]+)/")


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the MP3, in two channels if it has them. Raises NoCredentials without a link."""
    url = plain(reported).url
    channels = "?RequestedChannels=2" if reported.channels == 2 else ""  # else both lines come mixed into one
    return Ask(f"{url}.mp3{channels}", headers=_signed(url, endpoint))


def removal(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request that deletes the recording. Raises NoCredentials for a link that is not Twilio's."""
    url = plain(reported).url
    headers = _signed(url, endpoint)
    if not headers:
        raise NoCredentials("The link is not one of an account of Twilio's.")
    return Ask(f"{url}.json", "DELETE", headers)


def _signed(url: str, endpoint: Endpoint) -> dict[str, str]:
    account = _ACCOUNT.search(url)
    if not account or not is_carriers(url, endpoint, "twilio.com"):
        return {}
    return basic(account[1], endpoint.credentials.get("auth_token", ""))
