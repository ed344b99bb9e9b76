"""A recording is claimed before it is fetched: however often its call is queued, one fetch asks the carrier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.recordings import recordings_table
from chalicelib.recordings.claims_table import CLAIM_SECONDS, claim
from chalicelib.recordings.fetch_recording import fetch
from chalicelib.runtime import sqs
from infra.local.tables import template
from tests.fakes.carrier_server import CarrierServer, Given
from tests.recordings.recordings_fixture import AUDIO, CALL, fetched, known, postponed, report
from tests.requests import NOW


def at_once(now: datetime) -> sqs.TryLater:
    """How one more fetch of r1 is put off."""
    with pytest.raises(sqs.TryLater) as later:
        fetch(CALL | {"recording_id": "r1"}, now)
    return later.value


def test_of_two_fetches_at_once_one_asks_the_carrier(site: Any, server: CarrierServer) -> None:
    second: list[sqs.TryLater] = []
    slow = Given(body=AUDIO, meanwhile=lambda: second.append(at_once(NOW + timedelta(seconds=80))))
    report(recording_id="r1", recording_url=server.give("/1", slow))
    assert fetched("r1").state is RecordingState.STORED
    assert [later.at_least for later in second] == [CLAIM_SECONDS - 80]
    assert fetched("r1", NOW + timedelta(seconds=CLAIM_SECONDS)).state is RecordingState.STORED
    assert len(server.asked) == 1


def test_a_fetch_that_died_before_it_asked_is_taken_over_once_its_claim_has_ended(
    site: Any, server: CarrierServer
) -> None:
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    assert claim("s1", "call-1", "r1", "one that dies", NOW) is None
    assert at_once(NOW + timedelta(seconds=CLAIM_SECONDS)).at_least == 0
    assert server.asked == []
    assert fetched("r1", NOW + timedelta(seconds=CLAIM_SECONDS, milliseconds=1)).state is RecordingState.STORED


def test_a_fetch_that_failed_leaves_the_next_try_free(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", Given(503), AUDIO))
    assert postponed("r1").state is RecordingState.WAITING
    assert fetched("r1", NOW + timedelta(seconds=20)).state is RecordingState.STORED


def test_a_fetch_that_was_taken_over_does_not_write_its_failure_over_the_recording(
    site: Any, server: CarrierServer
) -> None:
    later = NOW + timedelta(seconds=CLAIM_SECONDS + 1)
    failing = Given(410, meanwhile=lambda: fetch(CALL | {"recording_id": "r1"}, later))
    report(recording_id="r1", recording_url=server.give("/1", failing, AUDIO))
    assert postponed("r1").state is RecordingState.STORED


def test_a_recording_that_comes_late_is_stored_and_ends_the_claim_that_took_over(
    site: Any, server: CarrierServer
) -> None:
    later = NOW + timedelta(seconds=CLAIM_SECONDS + 1)
    slow = Given(body=AUDIO, meanwhile=lambda: claim("s1", "call-1", "r1", "who takes over", later))
    report(recording_id="r1", recording_url=server.give("/1", slow, Given(410)))
    assert fetched("r1").state is RecordingState.STORED
    assert claim("s1", "call-1", "r1", "a third", later) == 0
    assert not recordings_table.put_failure("s1", "call-1", Recording("r1", RecordingState.GONE), "who takes over")
    assert known().state is RecordingState.STORED


def test_a_claim_knows_itself_and_nobody_else(site: Any) -> None:
    report(recording_id="r1", recording_url="https://pbx.example/1.mp3")
    report(name="leg 2", recording_id="r2", recording_url="https://pbx.example/2.mp3")
    assert claim("s1", "call-1", "r1", "first", NOW) is None
    assert claim("s1", "call-1", "r1", "first", NOW) is None  # the answer was lost and botocore asks again
    assert claim("s1", "call-1", "r1", "second", NOW + timedelta(milliseconds=500)) == CLAIM_SECONDS
    assert claim("s1", "call-1", "r2", "second", NOW) is None
    assert claim("s1", "no such call", "r1", "second", NOW) == 0


def test_a_claim_outlives_the_function_and_ends_before_the_queue_gives_its_message_back() -> None:
    resources = template()["Resources"]
    longest = resources["FetchRecording"]["Properties"]["Timeout"]
    assert longest + 10 < CLAIM_SECONDS < resources["RecordingQueue"]["Properties"]["VisibilityTimeout"]
