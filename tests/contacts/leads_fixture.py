"""Visitors who arrive, write and call, and the cards a CRM makes of them: on the site of tests/requests.py."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls.events_table import add_events
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.contacts.record_event import record
from chalicelib.deals import deals_table, join_deals, take_contact
from chalicelib.deals.types import Deal, Outcome, OutcomeStatus
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key
from tests.requests import NOW, SITE, STATIC, messages

PHONE = "+79160000001"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
ORIGIN = "https://pallets.example"
AD = f"{ORIGIN}/?utm_source=yandex&utm_medium=cpc&utm_campaign=338151"


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def visitor(who: str = "anna") -> str:
    return visitor_key(SITE.site_id, f"browser-{who}", settings().signing_key).hex()


def arrive(who: str = "anna", minutes: float = -10, url: str = AD) -> None:
    visits_table.record_touch(SITE.site_id, visitor(who), visits_table.RawTouch(later(minutes), url, "", ""))


def event(fields: dict[str, Any], minutes: float = 0, **headers: str) -> Request:
    body = {"visitor_id": "browser-anna", "type": "form", "url": f"{ORIGIN}/order"} | fields
    sent = {"origin": ORIGIN, "user-agent": BROWSER} | headers
    raw = json.dumps(body).encode()
    return Request("POST", "/v1/sites/sk1/events", {}, sent, raw, "203.0.113.9", later(minutes))


def write(session: Any, fields: dict[str, Any], minutes: float = 0, **headers: str) -> bool:
    """Do something on the page, and store it; return whether it was recorded."""
    recorded: bool = record(event(fields, minutes, **headers), SITE.site_key)["recorded"]
    take_in(session, minutes)
    return recorded


def take_in(session: Any, minutes: float = 0) -> None:
    for message in messages(session, settings().contact_queue):
        take_contact.take(message, later(minutes))


def call(call_id: str, minutes: float, caller: str | None = PHONE, direction: Direction = Direction.IN) -> str:
    """A call to the static number, stored and attributed."""
    begun = later(minutes)
    reported = CallEvent(
        f"{call_id}-ended", call_id, direction=direction, caller=caller, number=STATIC, started_at=begun,
        ended_at=begun + timedelta(minutes=2), talk_seconds=60, status=CallStatus.ACCEPTED,
    )  # fmt: skip
    add_events(SITE.site_id, f"generic-{call_id}", ("generic", "e1"), [reported], begun)
    attribute({"site_id": SITE.site_id, "call_id": f"generic-{call_id}"}, begun + timedelta(minutes=3))
    return f"generic-{call_id}"


def card(external_id: str = "A-1", minutes: float = 60, **given: Any) -> Deal:
    """What the CRM says of a deal, stored."""
    outcome = Outcome("generic", external_id, later(minutes), given.pop("status", OutcomeStatus.WON), **given)
    join_deals.record_outcome(SITE, outcome)
    return deal(external_id)


def deal(external_id: str = "A-1") -> Deal:
    found = deals_table.deal(SITE.site_id, "generic", external_id)
    assert found is not None
    return found
