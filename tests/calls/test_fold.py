"""Any order, grouping and repetition of the events of a call gives the same call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.types import Caller, CallEvent, CallStatus
from chalicelib.carriers import Hook
from chalicelib.carriers.generic import webhook as generic
from chalicelib.carriers.twilio import webhook as twilio
from tests.requests import CALLER, NOW, PBX, STATIC, TWILIO, pbx_call, post, signed_request, twilio_call

Received = tuple[datetime, CallEvent]


def twilio_events(talk: int) -> list[Received]:
    from urllib.parse import urlencode

    found: list[Received] = []
    for seconds, (parts, form) in enumerate(twilio_call(talk=talk)):
        request = post(urlencode(form).encode(), {}, NOW + timedelta(seconds=seconds))
        found += [(request.now, event) for event in twilio.parse(Hook(request, parts, ""), TWILIO, "RU")]
    return found


def pbx_events(talk: int) -> list[Received]:
    hooks = [Hook(signed_request(message), (), "") for message in pbx_call(talk=talk)]
    return [(NOW, event) for hook in hooks for event in generic.parse(hook, PBX, "RU")]


def call(events: list[Received]) -> Any:
    return fold(CallRecord("s1", "c1", "v", "e", tuple(events)))


SEQUENCES = {
    "twilio answered": twilio_events(45),
    "twilio missed": twilio_events(0),
    "pbx answered": pbx_events(47),
    "pbx missed": pbx_events(0),
}


@pytest.mark.parametrize("name", SEQUENCES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_and_repetition_do_not_matter(name: str, data: st.DataObject) -> None:
    events = SEQUENCES[name]
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    shuffled = data.draw(st.permutations(events + again))
    assert call(shuffled) == call(events)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_even_contradicting_events_fold_to_one_call(data: st.DataObject) -> None:
    moments = st.one_of(st.none(), st.integers(0, 100).map(lambda s: NOW + timedelta(seconds=s)))
    seconds = st.one_of(st.none(), st.integers(0, 100))
    events = data.draw(
        st.lists(
            st.tuples(
                st.just(NOW),
                st.builds(
                    CallEvent,
                    event_id=st.sampled_from("abc"),
                    call_id=st.just("c"),
                    at=moments,
                    caller=st.sampled_from([None, CALLER, "+79160000002"]),
                    started_at=moments,
                    answered_at=moments,
                    line_answered_at=moments,
                    ended_at=moments,
                    talk_seconds=seconds,
                    line_seconds=seconds,
                    total_seconds=seconds,
                    status=st.sampled_from([None, *CallStatus]),
                    variables=st.sampled_from([(), (("a", "1"),), (("a", "2"), ("b", "3"))]),
                ),
            ),
            min_size=1,
            max_size=6,
        )
    )
    folded = call(events)
    assert call(data.draw(st.permutations(events))) == folded
    assert call(events + events) == folded
    assert folded.answered == (folded.status is CallStatus.ACCEPTED) or folded.status is CallStatus.OPEN


def test_a_twilio_call_comes_out_with_its_talk_and_ring() -> None:
    folded = call(SEQUENCES["twilio answered"])
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 45, 4)
    assert (folded.caller_key, folded.number, folded.started_at) == (CALLER, STATIC, NOW)
    assert folded.recording_url == "https://api.twilio.example/RE1"


def test_a_pbx_call_comes_out_with_its_talk_and_ring() -> None:
    folded = call(SEQUENCES["pbx answered"])
    assert (folded.status, folded.talk_seconds, folded.ring_seconds) == (CallStatus.ACCEPTED, 47, 15)
    assert folded.answered_by == "101"


@pytest.mark.parametrize("name", ["twilio missed", "pbx missed"])
def test_a_call_nobody_answered_is_missed(name: str) -> None:
    folded = call(SEQUENCES[name])
    assert (folded.status, folded.answered, folded.talk_seconds) == (CallStatus.MISSED, False, 0)
    assert folded.ring_seconds and folded.ring_seconds > 0


def test_without_the_dial_callback_the_leg_reports_the_talk() -> None:
    events = [each for each in SEQUENCES["twilio answered"] if not each[1].event_id.startswith("dial")]
    assert call(events).talk_seconds == 45


def test_a_call_is_open_until_an_event_reports_its_end() -> None:
    assert call(SEQUENCES["twilio answered"][:2]).status is CallStatus.OPEN
    assert call(SEQUENCES["twilio answered"][:1]).ring_seconds is None


def test_busy_says_more_than_missed() -> None:
    ends = [
        (NOW, CallEvent(str(i), "c", ended_at=NOW, status=s))
        for i, s in enumerate((CallStatus.MISSED, CallStatus.BUSY))
    ]
    assert call(ends).status is CallStatus.BUSY


def test_a_call_without_a_reported_start_began_when_it_was_first_heard_of() -> None:
    late, early = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    folded = call([(late, CallEvent("a", "c")), (early, CallEvent("b", "c"))])
    assert folded.started_at == folded.first_seen_at == early


def test_a_caller_is_who_the_record_says() -> None:
    known = {CALLER: Caller("subject", "+791******01", "sealed")}
    folded = fold(CallRecord("s1", "c1", "v", "e", tuple(SEQUENCES["pbx answered"]), known))
    assert (folded.caller_key, folded.caller_masked, folded.caller_sealed) == ("subject", "+791******01", "sealed")


@pytest.mark.parametrize("order", [("late", "settled"), ("settled", "late")])
def test_a_caller_that_attribution_has_looked_up_goes_before_one_it_has_not(order: tuple[str, ...]) -> None:
    known = {"late": Caller(None, "+791******01", "late"), "settled": Caller("settled", "+791******01", "sealed")}
    events = tuple((NOW, CallEvent(str(place), "c", caller=name)) for place, name in enumerate(order))
    assert fold(CallRecord("s1", "c1", "v", "e", events, known)).caller_key == "settled"


@pytest.mark.parametrize(
    ("also", "talk", "status"),
    [
        ([], 50, CallStatus.ACCEPTED),
        ([CallEvent("leg", "c", status=CallStatus.BUSY)], 0, CallStatus.BUSY),
        ([CallEvent("leg", "c", talk_seconds=0)], 0, CallStatus.MISSED),
        ([CallEvent("leg", "c", talk_seconds=30)], 30, CallStatus.ACCEPTED),
        ([CallEvent("leg", "c", answered_at=NOW + timedelta(seconds=20))], 30, CallStatus.ACCEPTED),
    ],
)
def test_a_line_the_carrier_took_is_talk_unless_an_event_says_otherwise(
    also: list[CallEvent], talk: int, status: CallStatus
) -> None:
    line = CallEvent("line", "c", line_answered_at=NOW, line_seconds=50, ended_at=NOW + timedelta(seconds=50))
    folded = call([(NOW, event) for event in (line, *also)])
    assert (folded.talk_seconds, folded.status) == (talk, status)
