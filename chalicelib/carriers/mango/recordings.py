"""Mango Office: a signed POST, answered by a redirect to a link that works once; not at once after a call."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.calls.recording import Ask, ReportedRecording
from chalicelib.carriers.mango.webhook import signature
from chalicelib.carriers.recording_source import api, credential
from chalicelib.registry.types import Endpoint

USUAL_API = "https://app.mango-office.ru/vpbx"
PATIENCE = 86_400
SAYS_LATER = True


def ask(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> Ask:
    """Return the request that downloads a recording, signed like Mango's own events."""
    key, salt = credential(endpoint, "api_key"), credential(endpoint, "api_salt")
    command = json.dumps({"recording_id": reported.carriers_id, "action": "download"}, separators=(",", ":"))
    form = {"vpbx_api_key": key, "sign": signature(key, command, salt), "json": command}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Ask(f"{api(endpoint, USUAL_API)}/queries/recording/post", "POST", headers, urlencode(form).encode())
