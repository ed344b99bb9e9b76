"""Zadarma: the known signature, captured notifications, local times, and the redirect that forwards a call."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers import Route
from chalicelib.carriers.zadarma import webhook as zadarma
from chalicelib.core.errors import BadInput, SignatureRejected
from tests.carriers.carrier_examples import (
    ENDPOINTS,
    call,
    events,
    form,
    hook,
    later,
    recordings,
    sample,
    text,
    utc,
    vectors,
)
from tests.requests import NOW

ENDPOINT = ENDPOINTS["zadarma"]
NAMES = ("start", "internal", "answer", "end", "out_end", "record")
MOSCOW = "Europe/Moscow"


def notify(name: str, seconds: float = 0, **changes: str) -> Any:
    return hook(urlencode(form(text("zadarma", f"notify_{name}.form")) | changes), now=later(seconds))


def test_the_known_vector_comes_out_and_the_raw_digest_is_refused() -> None:
    (vector,) = vectors("zadarma")
    fields = {"event": "NOTIFY_START", "caller_id": vector["signed_string"]}
    assert zadarma.signature(fields, vector["key"]) == vector["expected"]
    headers = {"Signature": vector["raw_digest_variant_must_fail"]}
    with pytest.raises(SignatureRejected):
        zadarma.verify(hook(urlencode(fields), headers=headers), ENDPOINT)


@pytest.mark.parametrize("name", NAMES)
def test_captured_requests_verify(name: str) -> None:
    request = sample("zadarma", f"notify_{name}.request.json")
    assert set(zadarma.SIGNED_FIELDS[form(request["body"])["event"]]) == set(request["signed_fields"])
    zadarma.verify(hook(request["body"], headers=request["headers"]), ENDPOINT)


@pytest.mark.parametrize(
    ("body", "signature", "secret"),
    [
        ("changed", "good", "zadarma-test-secret"),
        ("truncated", "good", "zadarma-test-secret"),
        ("same", "", "zadarma-test-secret"),
        ("same", "ü", "zadarma-test-secret"),
        ("same", "good", "another"),
        ("same", "good", ""),
    ],
)
def test_anything_not_signed_is_rejected(body: str, signature: str, secret: str) -> None:
    request = sample("zadarma", "notify_start.request.json")
    bodies = {
        "same": request["body"],
        "changed": request["body"].replace("567", "568"),
        "truncated": request["body"][:-4],
    }
    headers = {"Signature": request["headers"]["Signature"] if signature == "good" else signature}
    with pytest.raises(SignatureRejected):
        zadarma.verify(hook(bodies[body], headers=headers), replace(ENDPOINT, credentials={"secret": secret}))


def test_an_empty_secret_signs_nothing() -> None:
    fields = {"event": "NOTIFY_START"}
    headers = {"Signature": zadarma.signature(fields, "")}
    with pytest.raises(SignatureRejected):
        zadarma.verify(hook(urlencode(fields), headers=headers), replace(ENDPOINT, credentials={}))


@pytest.mark.parametrize("body", [b"event=SMS", b"", b"\xff\xfe", b"a=1&" * 400])
def test_other_events_and_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        zadarma.verify(hook(body), ENDPOINT)


def test_the_samples_make_one_call_in_the_accounts_zone() -> None:
    seen = [("start", 0), ("internal", 2), ("answer", 10), ("end", 72), ("record", 112)]
    started = utc(2026, 11, 22, 9, 52, 8)
    hooks = [notify(name, seconds - 22) for name, seconds in seen]
    folded = call("zadarma", *hooks, zone=MOSCOW)
    assert (folded.caller_key, folded.number, folded.direction) == ("+79161234567", "+74951234567", Direction.IN)
    assert (folded.started_at, folded.talk_seconds, folded.ring_seconds) == (started, 62, 8)
    assert folded.wait_seconds == 10
    assert (folded.status, folded.answered_by, folded.hangup_cause) == (CallStatus.ACCEPTED, "101", "16")
    (recording,) = recordings(events("zadarma", *hooks, zone=MOSCOW))
    assert recording.carriers_id == "1763805128.1234567"


def test_without_a_zone_the_call_begins_when_it_was_reported() -> None:
    folded = call("zadarma", notify("start"), notify("end", 72))
    assert folded.started_at == NOW
    assert folded.ended_at == later(72)


@pytest.mark.parametrize(
    ("disposition", "status"),
    [
        ("busy", CallStatus.BUSY),
        ("cancel", CallStatus.ABANDONED),
        ("no answer", CallStatus.MISSED),
        ("failed", CallStatus.FAILED),
        ("no money", CallStatus.FAILED),
        ("line limit", CallStatus.FAILED),
        ("something new", CallStatus.MISSED),
    ],
)
def test_the_length_of_ringing_is_no_talk(disposition: str, status: CallStatus) -> None:
    folded = call(
        "zadarma", notify("start"), notify("end", 30, disposition=disposition, duration="30", is_recorded="0")
    )
    assert (folded.status, folded.talk_seconds, folded.answered_by) == (status, 0, None)
    assert (folded.ring_seconds, folded.variables) == (30, ())


def test_two_extensions_ring_and_the_one_that_answers_is_reported() -> None:
    hooks = [notify("start"), notify("internal", 1, internal="101"), notify("internal", 9, internal="102")]
    received = events("zadarma", *hooks, notify("answer", 15, internal="102", destination="102"))
    assert len({event.event_id for _, event in received}) == 4
    assert received[-1][1].who == "102"


def test_the_business_rings_back() -> None:
    folded = call("zadarma", notify("out_end", 90), zone=MOSCOW)
    assert (folded.direction, folded.caller_key, folded.number) == (Direction.OUT, "+79161234567", "+74951234567")
    assert (folded.talk_seconds, folded.started_at) == (30, utc(2026, 11, 22, 11, 0, 0))


def test_the_reply_is_the_documented_redirect() -> None:
    documented = sample("zadarma", "response_redirect.json")
    route = Route(documented["rewrite_forward_number"], record=False)
    request = hook(text("zadarma", "notify_start.form"), "101")
    answer = zadarma.reply(request, (), lambda: route).body
    assert answer == {name: documented[name] for name in ("redirect", "return_timeout", "rewrite_forward_number")}
    assert zadarma.reply(notify("start"), (), lambda: route).body["redirect"] == "100"


def test_only_a_call_that_starts_is_redirected_and_only_where_it_is_wanted() -> None:
    def unasked() -> Route:
        raise AssertionError("needs no route")

    for name in NAMES[1:]:
        assert zadarma.reply(notify(name), (), unasked).body == {}
    assert zadarma.reply(hook(text("zadarma", "notify_start.form"), "notify"), (), unasked).body == {}
    assert zadarma.reply(notify("start"), (), lambda: Route(None, record=False)).body == {}


def test_the_url_check_is_echoed_as_plain_text() -> None:
    answer = zadarma.echo(hook(method="GET", query={"zd_echo": "xK9-mN2"}).request)
    assert (answer.body, answer.status) == ("xK9-mN2", 200)
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize("text", ["", "<script>", "a" * 201, "ü"])
def test_anything_but_a_word_is_not_echoed(text: str) -> None:
    with pytest.raises(BadInput):
        zadarma.echo(hook(method="GET", query={"zd_echo": text} if text else {}).request)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"pbx_call_id": ""}, "pbx_call_id"), ({"call_start": "noon"}, "call_start"), ({"duration": "x"}, "duration")],
)
def test_a_wrong_field_is_named(changes: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        zadarma.parse(notify("end", 0, **changes), ENDPOINT, "RU")
    assert refused.value.field == field
