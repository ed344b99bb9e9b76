"""A site that lent its number to a visitor with a past, who calls, and whose deal is won."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item, callers, calls_table, events_table
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.deals import join_deals
from chalicelib.deals.types import Outcome, OutcomeStatus
from chalicelib.pool.lending import provision_numbers
from chalicelib.registry.types import NumberKind, TrackingNumber
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key
from tests.requests import NOW, SITE, STATIC, issue, open_site, post

IVAN, MARIA = "+79160000001", "+79161111102"  # invented
IVANS_BROWSER = "f3b1c5a0d2e94f7a8b6c1d2e"
NUMBERS = ("+74990000101", "+74990000102", "+74990000103")
BROWSER = {"Origin": "https://pallets.example", "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"}
LEASED = NOW - timedelta(minutes=3)
CLICK = "https://pallets.example/p?utm_source=yandex&utm_medium=cpc&utm_campaign=338151&yclid=77&mail=ivan@mail.example"
FROM = "https://yandex.ru/search?lr=ivan"


def open_shop(**changes: object) -> None:
    """The site with three dynamic numbers, one of which Ivan's browser holds."""
    open_site(**changes)
    place_numbers()


def place_numbers() -> None:
    """The numbers and the visitor's past, of a site that is open already."""
    rented = [TrackingNumber(number, "s1", NumberKind.DYNAMIC, pool_id="p1") for number in NUMBERS]
    provision_numbers.place_numbers("s1", rented, LEASED)
    visits_table.record_touch("s1", visitor(), visits_table.RawTouch(NOW - timedelta(days=3), CLICK, FROM, "Москва"))


def visitor(visitor_id: str = IVANS_BROWSER) -> str:
    return visitor_key("s1", visitor_id, settings().signing_key).hex()


def lend(visitor_id: str = IVANS_BROWSER) -> str:
    """The number that a browser is shown."""
    fields = {"visitor_id": visitor_id, "url": "https://pallets.example/?from=mail-of-ivan", "referrer": ""}
    number: str = issue(post(json.dumps(fields).encode(), BROWSER, LEASED), "sk1")["number"]
    return number


def call(call_id: str, caller: str | None, number: str = STATIC, at: Any = NOW, **said: Any) -> dict[str, str]:
    """A finished call, taken in and attributed; the message that queues it."""
    event = CallEvent(
        f"{call_id}-end",
        call_id,
        at=at,
        direction=said.pop("direction", Direction.IN),
        caller=caller,
        number=number,
        started_at=at,
        ended_at=at + timedelta(seconds=60),
        talk_seconds=60,
        status=CallStatus.ACCEPTED,
        recording_url=f"https://pbx.example/{call_id}.mp3",
        variables=(("roistat", f"visit of {call_id}"),),
    )
    message = receive(call_id, event)
    attribute(message, NOW)
    return message


def receive(call_id: str, event: CallEvent) -> dict[str, str]:
    """Take in one event of a call; the message that queues it."""
    events_table.add_events("s1", call_id, ("generic", "e-pbx"), [event], NOW)
    return {"site_id": "s1", "call_id": call_id}


def won(phone: str, external_id: str = "A-1", at: Any = NOW + timedelta(hours=2), **said: Any) -> Outcome:
    """A deal won, as the CRM reports it."""
    outcome = Outcome("generic", external_id, at, OutcomeStatus.WON, phone=phone, amount=Decimal(500), **said)
    join_deals.record_outcome(SITE, outcome)
    return outcome


def item(call_id: str) -> call_item.Item:
    found = calls_table.item("s1", call_id)
    assert found is not None
    return found


def key_of(phone: str) -> str:
    """The pseudonym of a number."""
    subject = callers.find_caller("s1", phone)
    assert subject is not None
    return subject.subject_id


def lying(session: Any) -> str:
    """Everything in every table."""
    dynamodb = session.client("dynamodb")
    tables = dynamodb.list_tables()["TableNames"]
    items = [dynamodb.scan(TableName=name)["Items"] for name in tables]
    return json.dumps(items, default=str, ensure_ascii=False)
