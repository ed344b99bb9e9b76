"""Endpoints of every carrier, the fixtures' requests, and calls folded from what a carrier reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from msgspec.structs import replace

from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.recording import ReportedRecording
from chalicelib.calls.recordings_of_events import reported_recordings
from chalicelib.calls.types import Call, CallEvent
from chalicelib.carriers import Hook, carrier
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Request
from tests.requests import FIXTURES, NOW, TARGET

URL = "https://calls.example.com/api/v1/carriers/x/token"
# The key of RFC 8032, section 7.1, test 1.
ED25519_PRIVATE = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
ED25519_PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

CREDENTIALS: dict[str, dict[str, str]] = {
    "exolve": {},
    "generic": {"secret": "generic-test-secret"},
    "mango": {"api_key": "5f4dcc3b5aa765d61d8327deb882cf99", "api_salt": "mango-test-salt"},
    "plivo": {"auth_token": "plivo-test-auth-token"},
    "telnyx": {"public_key": ED25519_PUBLIC},
    "twilio": {"auth_token": "twilio-test-auth-token"},
    "uis": {},
    "vonage": {"signature_secret": "vonage-test-signature-secret-32bytes!!"},
    "zadarma": {"secret": "zadarma-test-secret"},
}
ENDPOINTS = {
    vendor: Endpoint(f"e-{vendor}", "s1", "carrier", vendor, credentials, target_number=TARGET)
    for vendor, credentials in CREDENTIALS.items()
}
SIGNING = CREDENTIALS | {"telnyx": {"private_key": ED25519_PRIVATE}}  # what the carrier itself holds


def text(vendor: str, name: str) -> str:
    return (FIXTURES / vendor / name).read_text()


def sample(vendor: str, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text(vendor, name))
    return loaded


def vectors(scheme: str) -> list[dict[str, Any]]:
    loaded = json.loads((FIXTURES / "signatures" / "carriers.json").read_text())
    return [each for each in loaded["vectors"] if each["scheme"].startswith(scheme)]


def hook(
    body: Any = b"",
    *parts: str,
    headers: Mapping[str, str] | None = None,
    now: datetime = NOW,
    url: str = URL,
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    source_ip: str = "192.0.2.1",
) -> Hook:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    multi = {name: (value,) for name, value in (query or {}).items()}
    return Hook(Request(method, "/v1", multi, lower, raw, source_ip, now), parts, url)


def form(body: str) -> dict[str, str]:
    return dict(parse_qsl(body, keep_blank_values=True))


def events(vendor: str, *hooks: Hook, zone: str | None = None, country: str = "RU") -> list[tuple[datetime, CallEvent]]:
    """Each hook's events with the moment they were received."""
    module, endpoint = carrier(vendor), replace(ENDPOINTS[vendor], time_zone=zone)
    assert module is not None
    return [(each.request.now, event) for each in hooks for event in module.parse(each, endpoint, country)]


def call(vendor: str, *hooks: Hook, zone: str | None = None, country: str = "RU") -> Call:
    return folded(events(vendor, *hooks, zone=zone, country=country))


def folded(received: list[tuple[datetime, CallEvent]]) -> Call:
    assert len({event.call_id for _, event in received}) == 1
    return fold(CallRecord("s1", "c1", "v", "e", tuple(received)))


def recordings(received: list[tuple[datetime, CallEvent]]) -> tuple[ReportedRecording, ...]:
    """Return the recordings that a call's events report."""
    return reported_recordings(CallRecord("s1", "c1", "v", "e", tuple(received)))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
