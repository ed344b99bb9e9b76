"""A site with numbers and endpoints in storage, and webhooks as Twilio, a PBX and a CRM send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from chalicelib.carriers.twilio.webhook import signature
from chalicelib.pool.lending import issue_number
from chalicelib.pool.lending.container_cache import ContainerCache
from chalicelib.registry import store
from chalicelib.registry.types import Account, Campaign, Endpoint, NumberKind, Pool, Site, TrackingNumber
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.http import Answer, Request, to_json

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 22, 9, 52, 30, tzinfo=UTC)
PUBLIC_URL = "https://calls.example.com/api"  # as tests/conftest.py sets it
AUTH_TOKEN = "twilio-test-auth-token"
SECRET = "generic-test-secret"

SITE = Site(
    site_id="s1",
    account_id="acc1",
    site_key="sk1",
    name="pallets.example",
    allowed_origins=("https://pallets.example",),
    time_zone="Europe/Moscow",
    currency="RUB",
    country="RU",
)
POOL = Pool("p1", "s1", "main", target_number="+74951234567", overflow_number="+74990000100")
STATIC = "+74990000001"
TARGET = "+74957777777"

TWILIO = Endpoint("e-twilio", "s1", "carrier", "twilio", {"auth_token": AUTH_TOKEN}, target_number=TARGET)
PBX = Endpoint("e-pbx", "s1", "carrier", "generic", {"secret": SECRET}, target_number=TARGET)
CRM = Endpoint("e-crm", "s1", "crm", "generic", {"secret": SECRET})

CALLER = "+79160000001"
CALL_SID = "CA00000000000000000000000000000001"


def open_site(**changes: object) -> Site:
    """Account, site, pool, a static number with its campaign, stored."""
    site = replace(SITE, **changes)
    store.create_account(Account("acc1", "Pallets Ltd", NOW))
    store.create_site(site)
    store.create_pool(POOL)
    store.create_campaign(Campaign("avito", "s1", "Авито"))
    store.put_numbers(
        "s1", [TrackingNumber(STATIC, "s1", NumberKind.STATIC, campaign_id="avito", target_number="+74953333333")]
    )
    return site


def secret_of(endpoint: Endpoint) -> str:
    """Store the endpoint; the secret of its URL."""
    return store.create_endpoint(endpoint)[1]


def post(body: bytes, headers: Mapping[str, str], now: datetime = NOW, method: str = "POST") -> Request:
    """A request as http.request_of makes it."""
    return Request(method, "/v1", {}, {name.lower(): value for name, value in headers.items()}, body, "192.0.2.1", now)


def twilio_request(
    secret: str, form: Mapping[str, str], *parts: str, now: datetime = NOW, token: str = AUTH_TOKEN
) -> Request:
    """A webhook as Twilio sends it to the endpoint's URL with `parts` behind it."""
    url = "/".join((f"{PUBLIC_URL}/v1/carriers/twilio/{secret}", *parts))
    signed = signature(url, list(form.items()), token)
    return post(urlencode(form).encode(), {"X-Twilio-Signature": signed}, now)


def signed_request(payload: Any, now: datetime = NOW, secret: str = SECRET) -> Request:
    """Our own scheme's signed JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    timestamp = str(int(now.timestamp()))
    headers = {
        "X-Calltrack-Timestamp": timestamp,
        "X-Calltrack-Signature": webhook_signature.sign(secret, timestamp, body),
    }
    return post(body, headers, now)


def twilio_call(
    sid: str = CALL_SID, number: str = STATIC, talk: int = 45
) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """All webhooks of one call, in the order Twilio usually sends them: (path parts, form)."""
    leg_sid = sid[:-1] + "L"
    call = {"CallSid": sid, "From": CALLER, "To": number, "Direction": "inbound"}
    leg = {"CallSid": leg_sid, "ParentCallSid": sid, "From": CALLER, "To": TARGET, "Direction": "outbound-dial"}
    answered, ended = NOW + timedelta(seconds=4), NOW + timedelta(seconds=4 + talk)
    outcome = "completed" if talk else "no-answer"
    steps: list[tuple[tuple[str, ...], dict[str, str]]] = [((), call | {"CallStatus": "ringing"})]
    if talk:
        steps.append((("leg",), leg | {"CallStatus": "in-progress", "SequenceNumber": "1", "Timestamp": rfc(answered)}))
    steps += [
        (
            ("leg",),
            leg | {"CallStatus": outcome, "SequenceNumber": "2", "Timestamp": rfc(ended), "CallDuration": str(talk)},
        ),
        (
            ("dial",),
            call
            | {"CallStatus": "in-progress", "DialCallStatus": outcome, "DialCallSid": leg_sid}
            | ({"DialCallDuration": str(talk)} if talk else {}),
        ),
        (
            ("status",),
            call
            | {"CallStatus": "completed", "CallDuration": str(4 + talk), "Duration": "1", "SequenceNumber": "3"}
            | {"Timestamp": rfc(ended)},
        ),
    ]
    if talk:
        recording = {"CallSid": sid, "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingDuration": "44"}
        steps.append((("recording",), recording | {"RecordingUrl": "https://api.twilio.example/RE1"}))
    return steps


def pbx_call(call_id: str = "1763805128.123", number: str = STATIC, talk: int = 47) -> list[dict[str, Any]]:
    """All events of one call as a PBX posts them."""
    base = {"v": 1, "call_id": call_id, "linked_id": call_id, "direction": "in", "from": CALLER, "to": number}
    times = {"started_at": "2026-11-22T09:52:08Z"} | ({"answered_at": "2026-11-22T09:52:23Z"} if talk else {})
    end = times | {"ended_at": "2026-11-22T09:53:10Z", "duration_sec": 15 + talk, "talk_sec": talk}
    events: list[dict[str, Any]] = [base | {"event": "call.started", "started_at": times["started_at"]}]
    if talk:
        events.append(base | times | {"event": "call.answered", "answered_by": "101"})
    events.append(
        base | end | {"event": "call.ended", "disposition": "ANSWERED" if talk else "NO ANSWER", "hangup_cause": 16}
    )
    if talk:
        events.append(base | {"event": "recording", "recording_url": "https://pbx.example/1.mp3"})
    return events


def rfc(moment: datetime) -> str:
    """RFC 2822, as Twilio writes its Timestamp."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


def twiml(answer: Answer) -> Element:
    """The TwiML of an answer."""
    return ElementTree.fromstring(answer.body)  # noqa: S314 - our own answer


def messages(session: Any, url: str) -> list[dict[str, Any]]:
    """Everything that lies in a queue, taken out of it."""
    sqs, found = session.client("sqs"), []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def issue(request: Request, site_key: str, cache: ContainerCache | None = None) -> dict[str, Any]:
    """Ask for a number as a page does; the answer as the page reads it."""
    answer: dict[str, Any] = json.loads(to_json(issue_number.issue(request, site_key, cache)))
    return answer
