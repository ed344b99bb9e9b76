"""Every carrier's whole sequence: signed, stored by the real task, and one call in any order, with any repetition."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table
from chalicelib.calls.fold import fold
from chalicelib.calls.types import Call, CallStatus, Direction
from chalicelib.carriers import CARRIERS, Hook, carrier, spool_bucket
from chalicelib.carriers.receive_call import MAX_EVENT_BYTES, endpoint_url, receive
from chalicelib.carriers.recover_event import recover
from chalicelib.carriers.simulator.calls import SEQUENCES, SimulatedCall
from chalicelib.carriers.simulator.outgoing import OUTGOING
from chalicelib.carriers.simulator.requests import Signed, probe, requests_of, steps_of
from chalicelib.carriers.simulator.transfers import TRANSFERS
from chalicelib.core.errors import BadInput, CallpathError, NotFound, SignatureRejected, TooLarge
from chalicelib.registry.endpoint_token import seal_endpoint
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings as configuration
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING, URL, folded, recordings
from tests.requests import CALLER, NOW, STATIC, TARGET, messages, open_site, secret_of

MOSCOW = "Europe/Moscow"
SIMULATED = SimulatedCall("call-1", CALLER, STATIC, TARGET, started_at=NOW, time_zone=MOSCOW)
MISSED = replace(SIMULATED, call_id="call-2", talk_seconds=0)
WINDOWED = ("telnyx", "vonage", "generic")  # those that sign the time
FOREIGN = {"private_key": "TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs="}  # of RFC 8032, section 7.1, test 2
ANSWERING = ("generic", "twilio", "telnyx", "plivo", "vonage", "zadarma", "exolve")  # those whose reply forwards a call


def request_of(signed: Signed, now: Any = NOW) -> Request:
    headers = {name.lower(): value for name, value in signed.headers.items()}
    return Request("POST", "/v1", {}, headers, signed.body, "192.0.2.1", now)


def reported(vendor: str, call: SimulatedCall) -> list[Any]:
    """The call's events as parsed, each received at its place in the sequence."""
    module, endpoint = carrier(vendor), replace(ENDPOINTS[vendor], time_zone=MOSCOW)
    assert module is not None
    found = []
    for index, signed in enumerate(requests_of(vendor, call, URL, SIGNING[vendor], NOW)):
        hook = Hook(request_of(signed, NOW + timedelta(seconds=index)), signed.parts, URL)
        found += [(hook.request.now, event) for event in module.parse(hook, endpoint, "RU")]
    return found


EVENTS = {vendor: (reported(vendor, SIMULATED), reported(vendor, MISSED)) for vendor in CARRIERS}


def test_every_carrier_can_be_simulated() -> None:
    assert set(SEQUENCES) == set(CARRIERS) == set(SIGNING)


@pytest.mark.parametrize("vendor", CARRIERS)
@pytest.mark.parametrize("missed", [False, True])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_order_and_repetition_do_not_matter(vendor: str, missed: bool, data: st.DataObject) -> None:
    events = EVENTS[vendor][missed]
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    assert folded(data.draw(st.permutations(events + again))) == folded(events)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_an_answered_call_is_one_call(vendor: str) -> None:
    call = folded(EVENTS[vendor][0])
    assert (call.caller_key, call.number, call.direction) == (CALLER, STATIC, Direction.IN)
    assert (call.status, call.talk_seconds) == (CallStatus.ACCEPTED, 45)
    assert call.ended_at is not None
    assert len(recordings(EVENTS[vendor][0])) == 1


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_call_nobody_answered_is_missed(vendor: str) -> None:
    call = folded(EVENTS[vendor][1])
    assert (call.status, call.talk_seconds, call.answered) == (CallStatus.MISSED, 0, False)


ENDINGS = [CallStatus.MISSED, CallStatus.BUSY, CallStatus.ABANDONED, CallStatus.FAILED]


@pytest.mark.parametrize("vendor", CARRIERS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_how_a_call_without_an_answer_ended_is_reported(vendor: str, ending: CallStatus) -> None:
    call = folded(reported(vendor, replace(MISSED, ending=ending)))
    expected = CallStatus.MISSED if vendor == "uis" else ending  # UIS says only that it was lost
    assert (call.status, call.talk_seconds, call.ended_at is not None) == (expected, 0, True)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_an_unrecorded_call_reports_no_recording(vendor: str) -> None:
    events = [event for _, event in reported(vendor, replace(SIMULATED, recorded=False))]
    assert not any(event.recording_id or event.recording_url for event in events)
    assert any(event.recording_id or event.recording_url for _, event in reported(vendor, SIMULATED))


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_call_that_is_passed_on_is_one_call_with_both_who_talked_where_the_carrier_sees_it(vendor: str) -> None:
    call = folded(reported(vendor, replace(SIMULATED, passed_on=True)))
    assert (call.status, call.talk_seconds, call.direction) == (CallStatus.ACCEPTED, 45, Direction.IN)
    assert call.ended_at is not None
    if vendor in TRANSFERS:
        assert (call.answered_by, call.last_answered_by) == ("101", "102")


@pytest.mark.parametrize("vendor", OUTGOING)
@pytest.mark.parametrize("talk", [30, 0])
def test_an_outgoing_call_is_of_the_customer_it_rang(vendor: str, talk: int) -> None:
    call = folded(reported(vendor, replace(SIMULATED, outgoing=True, talk_seconds=talk)))
    assert (call.direction, call.caller_key, call.number) == (Direction.OUT, CALLER, STATIC)
    assert (call.talk_seconds, call.answered) == (talk, talk > 0)


@pytest.mark.parametrize("vendor", OUTGOING)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_order_and_repetition_of_an_outgoing_call_do_not_matter(vendor: str, data: st.DataObject) -> None:
    events = reported(vendor, replace(SIMULATED, outgoing=True))
    assert folded(data.draw(st.permutations(events + events[:1]))) == folded(events)


def test_only_exolve_does_not_report_outgoing_calls_as_such() -> None:
    assert set(CARRIERS) - set(OUTGOING) == {"exolve"}
    with pytest.raises(BadInput, match="exolve"):
        steps_of("exolve", replace(SIMULATED, outgoing=True))


@pytest.fixture
def site(aws: Any) -> Any:
    open_site()
    return aws


def open_endpoint(vendor: str) -> str:
    return secret_of(replace(ENDPOINTS[vendor], time_zone=MOSCOW))


def stored_call(vendor: str, call_id: str = "call-1") -> Call:
    item = calls_table.item("s1", f"{vendor}-{call_id}")
    assert item is not None
    return fold(call_item.record_of(item))


def send(vendor: str, secret: str, call: SimulatedCall = SIMULATED) -> list[Answer]:
    """The call's requests, received as an endpoint does, in a shuffled order after the first."""
    first, *rest = requests_of(vendor, call, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    random.Random(3).shuffle(rest)
    return [receive(request_of(each), vendor, secret, each.parts) for each in (first, *rest, rest[0])]


@pytest.mark.parametrize("vendor", CARRIERS)
def test_the_real_task_takes_the_signed_sequence_in(vendor: str, site: Any) -> None:
    answers = send(vendor, open_endpoint(vendor))
    assert {answer.status for answer in answers} == {200}
    assert stored_call(vendor).talk_seconds == 45
    if vendor in ANSWERING:
        assert "74953333333" in str(answers[0].body)  # the static number's own target


@pytest.mark.parametrize("vendor", CARRIERS)
def test_with_storage_dead_the_call_is_forwarded_kept_and_taken_in_later(
    vendor: str, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = open_endpoint(vendor)
    tables = {name: configuration().__getattribute__(name) for name in ("directory_table", "calls_table")}
    for name in tables:
        monkeypatch.setenv(f"CALLPATH_{name.upper()}", "no-such-table")
    configuration.cache_clear()
    first, *rest = requests_of(vendor, SIMULATED, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    answer = receive(request_of(first), vendor, secret, first.parts)
    assert answer.status == 200
    if vendor in ANSWERING:
        assert TARGET.lstrip("+") in str(answer.body)
    for name, table in tables.items():
        monkeypatch.setenv(f"CALLPATH_{name.upper()}", table)
    configuration.cache_clear()
    (kept,) = messages(site, configuration().kept_queue)
    recover(kept, NOW)
    for each in rest:
        receive(request_of(each), vendor, secret, each.parts)
    assert stored_call(vendor).talk_seconds == 45
    assert stored_call(vendor).number == STATIC


@pytest.mark.parametrize("vendor", CARRIERS)
def test_wrong_truncated_oversized_and_binary_bodies_are_refused_and_change_nothing(vendor: str, site: Any) -> None:
    secret = open_endpoint(vendor)
    (first, *_) = requests_of(vendor, SIMULATED, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    good = request_of(first)
    for body in (good.body[:-9], b"\xff\xfe\x00", b"", good.body + b"x" * MAX_EVENT_BYTES):
        with pytest.raises(CallpathError) as refused:
            receive(replace(good, body=body), vendor, secret, first.parts)
        expected = (TooLarge,) if len(body) > MAX_EVENT_BYTES else (BadInput, SignatureRejected)
        assert isinstance(refused.value, expected) and 400 <= refused.value.status < 500
    assert nothing_changed(site)


def nothing_changed(aws: Any) -> bool:
    """No call, no message, nothing kept."""
    stored_calls = aws.client("dynamodb").scan(TableName=configuration().calls_table)["Count"]
    kept = aws.client("s3").list_objects_v2(Bucket=configuration().bucket)["KeyCount"]
    queues = (configuration().kept_queue, configuration().attribute_queue)
    return stored_calls == kept == 0 and not any(messages(aws, queue) for queue in queues)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_who_has_not_the_carriers_credentials_or_address_is_refused(vendor: str, site: Any) -> None:
    endpoint = replace(ENDPOINTS[vendor], time_zone=MOSCOW)
    if not endpoint.credentials:
        endpoint = replace(endpoint, credentials={"allowed_addresses": "198.51.100.0/24"})
    secret = secret_of(endpoint)
    foreign = {name: FOREIGN.get(name, f"{value}-of-another") for name, value in SIGNING[vendor].items()}
    for signed in requests_of(vendor, SIMULATED, endpoint_url(vendor, secret), foreign, NOW):
        with pytest.raises(SignatureRejected) as refused:
            receive(request_of(signed), vendor, secret, signed.parts)
        assert refused.value.status == 403
    forged = secret[:-3] + ("AAA" if not secret.endswith("AAA") else "BBB")
    for signed in requests_of(vendor, SIMULATED, endpoint_url(vendor, forged), SIGNING[vendor], NOW):
        with pytest.raises(NotFound):
            receive(request_of(signed), vendor, forged, signed.parts)
    assert nothing_changed(site)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_call_replayed_whole_is_refused_where_the_scheme_has_a_window_and_changes_nothing_anywhere(
    vendor: str, site: Any
) -> None:
    secret = open_endpoint(vendor)
    send(vendor, secret)
    before = calls_table.item("s1", f"{vendor}-call-1")
    for seconds in (1, 3 * 86_400):
        for signed in requests_of(vendor, SIMULATED, endpoint_url(vendor, secret), SIGNING[vendor], NOW):
            try:
                receive(request_of(signed, NOW + timedelta(seconds=seconds)), vendor, secret, signed.parts)
            except SignatureRejected:
                assert vendor in WINDOWED and seconds > 300
            else:
                assert vendor not in WINDOWED or seconds <= 300
    assert calls_table.item("s1", f"{vendor}-call-1") == before


@pytest.mark.parametrize("vendor", WINDOWED)
def test_a_replay_after_the_window_is_refused(vendor: str, site: Any) -> None:
    secret = open_endpoint(vendor)
    (first, *_) = requests_of(vendor, SIMULATED, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    with pytest.raises(SignatureRejected):
        receive(request_of(first, NOW + timedelta(seconds=301)), vendor, secret, first.parts)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_probe_is_well_signed_reports_nothing_and_leaves_nothing(vendor: str, site: Any) -> None:
    secret = open_endpoint(vendor)
    signed = probe(vendor, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    with pytest.raises(BadInput):
        receive(request_of(signed), vendor, secret, signed.parts)
    assert site.client("dynamodb").scan(TableName=configuration().calls_table)["Count"] == 0


@pytest.mark.parametrize("vendor", [vendor for vendor, credentials in SIGNING.items() if credentials])
def test_a_missing_credential_is_named(vendor: str) -> None:
    with pytest.raises(BadInput) as refused:
        probe(vendor, URL, {}, NOW)
    assert refused.value.field == f"credentials.{next(iter(SIGNING[vendor]))}"


@pytest.mark.parametrize("vendor", ["vonage", "uis", "plivo"])
def test_events_by_get_are_taken_where_the_carrier_sends_them_so(vendor: str, site: Any) -> None:
    secret = open_endpoint(vendor)
    asked = Request("GET", "/v1", {"call_session_id": ("9",)}, {}, b"", "", NOW)
    if vendor == "uis":
        assert receive(asked, vendor, secret, ()).status == 200
        assert stored_call("uis", "9").status is CallStatus.OPEN
    else:
        with pytest.raises(SignatureRejected):
            receive(asked, vendor, secret, ())


def test_zadarma_checks_its_url_and_others_have_nothing_to_check(site: Any) -> None:
    asked = Request("GET", "/v1", {"zd_echo": ("abc",)}, {}, b"", "", NOW)
    assert receive(asked, "zadarma", open_endpoint("zadarma"), ()).body == "abc"
    assert receive(asked, "mango", open_endpoint("mango"), ()).status == 405


def test_a_kept_get_comes_back_with_its_query_and_its_address() -> None:
    secret = seal_endpoint(ENDPOINTS["uis"], "RU", b"x" * 32)
    request = Request("GET", "/v1", {"a": ("1", "2")}, {}, b"", "192.0.2.9", NOW)
    message = json.loads(json.dumps(spool_bucket._message(spool_bucket.SpooledEvent("uis", secret, (), request), ())))
    assert spool_bucket.read(message).request == request
