"""Vonage: its published token, the documented webhooks, and the NCCO that forwards a call."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Hook, Route
from chalicelib.carriers.vonage import webhook as vonage
from chalicelib.core.clock import from_epoch, iso
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import ENDPOINTS, URL, call, events, form, hook, later, sample, text, utc, vectors
from tests.requests import NOW

ENDPOINT = ENDPOINTS["vonage"]
SECRET = ENDPOINT.credentials["signature_secret"]
SIGNED = sample("vonage", "signed_request.json")
ISSUED_AT = from_epoch(1587494962, field="iat")
BODY = json.dumps({"conversation_uuid": "c1"}).encode()


def token(claims: dict[str, Any], header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    parts = [json.dumps(each).encode() for each in (header or {"alg": "HS256", "typ": "JWT"}, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{signed}.{vonage.jwt_signature(signed, secret)}"


def good_claims(body: bytes = BODY) -> dict[str, Any]:
    return {"iss": "Vonage", "iat": int(NOW.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest()}


def bearer(claims: dict[str, Any], body: bytes = BODY, **changes: Any) -> Any:
    return hook(body, headers={"Authorization": f"Bearer {token(claims)}"}, **changes)


def test_the_published_token_and_the_signed_sample_verify() -> None:
    (vector,) = vectors("vonage")
    assert vonage.claims(vector["token"], vector["key"])["iss"] == "Online JWT Builder"
    vonage.verify(hook(SIGNED["body"], headers=SIGNED["headers"], now=ISSUED_AT), ENDPOINT)


def test_a_get_is_verified_without_a_hash() -> None:
    claims = {"iss": "Vonage", "iat": int(NOW.timestamp())}
    headers = {"Authorization": f"Bearer {token(claims)}"}
    vonage.verify(hook(headers=headers, method="GET", query={"to": "1"}), ENDPOINT)
    with pytest.raises(SignatureRejected):
        vonage.verify(hook(b"{}", headers=headers), ENDPOINT)


@pytest.mark.parametrize(
    ("claims", "body"),
    [
        (good_claims() | {"iat": int(NOW.timestamp()) - 301}, BODY),
        (good_claims() | {"iat": int(NOW.timestamp()) + 301}, BODY),
        (good_claims() | {"iat": "soon"}, BODY),
        (good_claims() | {"iss": "Somebody"}, BODY),
        (good_claims() | {"payload_hash": ""}, BODY),
        (good_claims(), BODY + b" "),
        (good_claims(), BODY[:-2]),
        (good_claims(), b"\xff\xfe"),
    ],
)
def test_stale_foreign_and_changed_requests_are_rejected(claims: dict[str, Any], body: bytes) -> None:
    vonage.verify(bearer(good_claims()), ENDPOINT)
    with pytest.raises(SignatureRejected):
        vonage.verify(bearer(claims, body), ENDPOINT)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer a.b",
        "Bearer ü.ü.ü",
        "Basic " + token(good_claims()),
        "Bearer " + token(good_claims())[:-4],
    ],
)
def test_what_is_no_token_is_rejected(authorization: str) -> None:
    with pytest.raises(SignatureRejected):
        vonage.verify(hook(BODY, headers={"Authorization": authorization}), ENDPOINT)


@pytest.mark.parametrize(
    "odd",
    [
        token(good_claims(), {"alg": "none"}),
        token(good_claims(), {"alg": "RS256"}),
        token(good_claims(), secret="another secret"),
        "." + vonage.jwt_signature("", SECRET),
        "e30.bm90IGpzb24." + vonage.jwt_signature("e30.bm90IGpzb24", SECRET),
        "W10.W10." + vonage.jwt_signature("W10.W10", SECRET),
        "a.b.c." + vonage.jwt_signature("a.b.c", SECRET),
    ],
)
def test_other_algorithms_secrets_and_shapes_are_rejected(odd: str) -> None:
    with pytest.raises(SignatureRejected):
        vonage.claims(odd, SECRET)


def test_an_endpoint_without_a_secret_is_not_open_to_an_empty_one() -> None:
    request = hook(BODY, headers={"Authorization": f"Bearer {token(good_claims(), secret='')}"})
    with pytest.raises(SignatureRejected):
        vonage.verify(request, replace(ENDPOINT, credentials={}))


def test_the_documented_events_of_one_leg_make_one_call() -> None:
    names = ("started", "ringing", "answered", "completed", "record")
    folded = call("vonage", *(hook(text("vonage", f"event_{name}.json"), "event") for name in names))
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 2, 0)
    assert (folded.caller_key, folded.number) == ("+442079460000", "+447700900000")
    assert folded.ended_at == utc(2020, 1, 1, 12, 0, 2)
    assert folded.recording_url == "https://api.nexmo.com/v1/files/bbbbbbbb-aaaa-cccc-dddd-0123456789ab"
    ((_, recording),) = events("vonage", hook(text("vonage", "event_record.json")))
    assert recording.recording_seconds == 60


def test_a_rejected_leg_fails_the_call() -> None:
    ((_, event),) = events("vonage", hook(text("vonage", "event_rejected.json")))
    assert (event.status, event.hangup_cause, event.direction) == (CallStatus.FAILED, "restricted", Direction.OUT)


def test_an_answer_request_is_read_from_a_get_and_from_a_post() -> None:
    fields = form(text("vonage", "answer_get_query.txt").strip())
    for request in (hook(method="GET", query=fields), hook(fields)):
        ((_, event),) = events("vonage", request)
        assert (event.caller, event.number, event.started_at) == ("+447700900000", "+442079460000", NOW)
        assert event.call_id == fields["conversation_uuid"]


def leg(name: str, direction: str, status: str, seconds: float, **more: Any) -> Any:
    fields = {"conversation_uuid": "c1", "uuid": name, "direction": direction, "status": status, "from": "79160000001"}
    fields |= {"to": "74990000001" if direction == "inbound" else "74951234567", "timestamp": iso(later(seconds))}
    return hook(fields | more, "event", now=later(seconds))


LINE = [leg("a", "inbound", "started", 0), leg("a", "inbound", "answered", 0)]
WHOLE = {"start_time": iso(later(0)), "end_time": iso(later(60)), "duration": "60"}
ENDED = leg("a", "inbound", "completed", 60, **WHOLE)


def test_the_line_answered_by_vonage_is_no_talk_while_the_target_rings() -> None:
    folded = call("vonage", *LINE, leg("b", "outbound", "unanswered", 30), ENDED)
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.MISSED, 0, 60)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("busy", CallStatus.BUSY),
        ("cancelled", CallStatus.ABANDONED),
        ("timeout", CallStatus.MISSED),
        ("failed", CallStatus.FAILED),
    ],
)
def test_every_ending_of_the_forwarded_leg_says_why(status: str, expected: CallStatus) -> None:
    assert call("vonage", *LINE, leg("b", "outbound", status, 30), ENDED).status is expected


def test_talk_is_what_the_legs_talked_without_the_pause_between_them() -> None:
    first = {"start_time": iso(later(10)), "end_time": iso(later(30)), "duration": "20"}
    second = {"start_time": iso(later(35)), "end_time": iso(later(60)), "duration": "25"}
    legs = [leg("b", "outbound", "answered", 10), leg("b", "outbound", "completed", 30, **first)]
    legs += [leg("c", "outbound", "answered", 35), leg("c", "outbound", "completed", 60, **second)]
    folded = call("vonage", *LINE, *legs, ENDED)
    assert (folded.talk_seconds, folded.ring_seconds, folded.direction) == (45, 10, Direction.IN)
    assert folded.number == "+74990000001"


def test_a_lost_answer_is_made_good_by_the_end() -> None:
    lasted = {"start_time": iso(later(10)), "end_time": iso(later(60)), "duration": "50"}
    folded = call("vonage", *LINE, leg("b", "outbound", "completed", 60, **lasted), ENDED)
    assert (folded.talk_seconds, folded.answered_at) == (50, later(10))
    bare = {"start_time": None, "duration": "50"}
    assert call("vonage", *LINE, leg("b", "outbound", "completed", 60, **bare), ENDED).talk_seconds == 50


def test_a_transfer_names_where_the_call_went() -> None:
    fields = {"status": "transfer", "conversation_uuid_from": "c1", "conversation_uuid_to": "c2", "uuid": "a"}
    ((_, event),) = events("vonage", hook(fields))
    assert (event.call_id, event.variables) == ("c1", (("transferred_to", "c2"),))


LEG_URL = f"{URL}/leg/CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab"


def test_the_reply_is_the_documented_ncco() -> None:
    documented = json.loads(text("vonage", "ncco_record_connect.json"))
    request = hook(form(text("vonage", "answer_get_query.txt").strip()))
    ncco = vonage.reply(request, (), lambda: Route("+447700900001", record=True)).body
    documented[0]["eventUrl"], documented[1]["eventUrl"] = [f"{URL}/record"], [LEG_URL]
    assert ncco == documented
    assert vonage.reply(request, (), lambda: Route("+447700900001", record=False)).body == documented[1:]
    assert vonage.reply(request, (), lambda: Route(None, record=True)).body == []


def forwarded(status: str, seconds: float, conversation: str = "CON-own", **more: str) -> Hook:
    """An event of the leg our answer forwarded the call to, which hears a whisper in a conversation of its own."""
    fields = {"conversation_uuid": conversation, "uuid": "b", "from": "447700900000", "to": "447700900001"}
    fields |= {"direction": "outbound", "status": status, "timestamp": iso(later(seconds))}
    return hook(fields | more, "leg", "c1", now=later(seconds))


def test_a_leg_that_heard_a_whisper_elsewhere_is_still_of_its_call() -> None:
    lasted = {"start_time": iso(later(10)), "end_time": iso(later(40)), "duration": "30"}
    moved = {"conversation_uuid_from": "CON-own", "conversation_uuid_to": "c1"}
    steps = [forwarded("ringing", 2), forwarded("answered", 10), forwarded("transfer", 14, **moved)]
    folded = call("vonage", *LINE, *steps, forwarded("completed", 40, "c1", **lasted), ENDED)
    assert (folded.talk_seconds, folded.direction, folded.answered_by) == (30, Direction.IN, "447700900001")
    assert folded.variables == ()
    assert (folded.caller_key, folded.number) == (call("vonage", *LINE).caller_key, call("vonage", *LINE).number)


def test_events_get_a_receipt() -> None:
    def unasked() -> Route:
        raise AssertionError("an event needs no route")

    for name in ("started", "completed", "record"):
        assert vonage.reply(hook(text("vonage", f"event_{name}.json")), (), unasked).body == {"ok": True}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "conversation_uuid"),
        ({"conversation_uuid": "c"}, "to"),
        ({"conversation_uuid": 3}, "conversation_uuid"),
        ({"conversation_uuid": "c", "status": "completed", "duration": "x"}, "duration"),
        ({"conversation_uuid": "c", "status": "started", "timestamp": "noon"}, "timestamp"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
    ],
)
def test_a_wrong_field_is_named(fields: Any, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        vonage.parse(hook(fields), ENDPOINT, "GB")
    assert refused.value.field == field
