"""Zadarma: its API turns a recording's id into a link, some 40 seconds after the call."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.calls.recording import Ask, NotReady, ReportedRecording
from chalicelib.carriers.recording_source import answer_of, api, credential
from chalicelib.registry.types import Endpoint

USUAL_API = "https://api.zadarma.com"
METHOD = "/v1/pbx/record/request/"
READY_AFTER = 40
PATIENCE = 86_400


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request for the link. Raises NoCredentials without `key`."""
    query = urlencode({"call_id": reported.carriers_id or ""})
    key, secret = credential(endpoint, "key"), credential(endpoint, "secret")
    headers = {"Authorization": f"{key}:{signature(METHOD, query, secret)}"}
    return Ask(f"{api(endpoint, USUAL_API)}{METHOD}?{query}", headers=headers, answers_with_link=True)


def signature(method: str, query: str, secret: str) -> str:
    """Return Base64 of the hex HMAC-SHA1 over the method, the sorted query and its MD5, as Zadarma defines it."""
    digest = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
    signed = hmac.new(secret.encode(), f"{method}{query}{digest}".encode(), hashlib.sha1).hexdigest()
    return base64.b64encode(signed.encode()).decode()


def link(body: bytes) -> str:
    """Return the link in `{"status": "success", "link" or "links"}`. Raises NotReady without one."""
    answer = answer_of(body)
    links = [answer.get("link"), *(answer.get("links") or ())]
    found = next((each for each in links if isinstance(each, str) and each), None)
    if answer.get("status") != "success" or not found:
        raise NotReady("Zadarma has no link to this recording yet.")
    return found
