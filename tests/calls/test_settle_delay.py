"""Each carrier's missed call is delivered after two seconds, once the carrier itself said that nobody talked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.calls.settle_delay import MISSED_SETTLE_SECONDS, SETTLE_SECONDS, settle_seconds
from chalicelib.calls.types import CallEvent, CallStatus
from chalicelib.carriers import CARRIERS
from tests.carriers.carrier_examples import folded
from tests.carriers.simulator.test_requests import EVENTS
from tests.requests import NOW


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_whole_call_waits_for_what_it_was(vendor: str) -> None:
    answered, missed = EVENTS[vendor]
    assert settle_seconds(folded(answered), [event for _, event in answered]) == SETTLE_SECONDS
    assert settle_seconds(folded(missed), [event for _, event in missed]) == MISSED_SETTLE_SECONDS


@pytest.mark.parametrize("vendor", CARRIERS)
def test_no_part_of_an_answered_call_looks_surely_missed(vendor: str) -> None:
    """Whichever of its events are late: as long as it looks missed, it waits the longer time."""
    answered = EVENTS[vendor][0]
    for place in range(len(answered)):
        for part in (answered[: place + 1], answered[place:], [answered[place]]):
            call = folded(part)
            if call.ended_at and not call.answered:
                assert settle_seconds(call, [event for _, event in part]) == SETTLE_SECONDS


def test_the_next_telephone_may_yet_ring() -> None:
    first = CallEvent("l1", "c1", at=NOW, leg="a", who="101", rang_at=NOW, ended_at=NOW, status=CallStatus.MISSED)
    events = [(NOW, first)]
    assert settle_seconds(folded(events), [first]) == SETTLE_SECONDS
    line = CallEvent("line", "c1", at=NOW, ended_at=NOW)
    assert settle_seconds(folded([*events, (NOW, line)]), [first, line]) == MISSED_SETTLE_SECONDS
    talk = replace(line, event_id="talk", talk_seconds=30)
    assert settle_seconds(folded([*events, (NOW, talk)]), [first, talk]) == SETTLE_SECONDS
