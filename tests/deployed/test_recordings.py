"""From a PBX's webhook to a link and a transcript, by the deployed functions with the roles they have there."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table
from chalicelib.calls.recording import CarriersCopy, Recording, RecordingState
from chalicelib.calls.recordings_of_events import reported_recordings
from chalicelib.calls.transcript import Transcript, TranscriptState
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Site
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.fakes.carrier_server import HTML, CarrierServer, Given, carrier_server, wav
from tests.requests import NOW, PBX, SITE, pbx_call, signed_request
from tests.waiting import until

pytestmark = pytest.mark.engine

AUDIO = wav(2, channels=2)


@dataclass(frozen=True)
class Deployed:
    """The stack, a site of this test alone that wants transcripts, a PBX's endpoint, and that PBX."""

    stack: Any
    site: Site
    secret: str
    pbx: CarrierServer

    def ring(self, call_id: str, url: str) -> None:
        """One whole call of the PBX, with its recording at `url`."""
        for event in pbx_call(call_id):
            linked = event | {"recording_url": url} if "recording_url" in event else event
            request = signed_request(linked, clock.utc_now())
            headers = {**request.headers, "Content-Type": "application/json"}
            there = f"{self.stack.base_url}/v1/carriers/generic/{self.secret}"
            with urllib.request.urlopen(urllib.request.Request(there, request.body, headers)) as answer:
                assert answer.status == 200

    def shown(self, call_id: str) -> Any:
        """The call as the manage API shows it."""
        key = registry.create_key(self.site.account_id, "tests", NOW)[1]
        url = f"{self.stack.base_url}/v1/manage/sites/{self.site.site_id}/calls/generic-{call_id}"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def fetch_again(self, call_id: str, times: int) -> list[Any]:
        """What the function answers the queue, given the call's recording so often at once."""
        item = calls_table.item(self.site.site_id, f"generic-{call_id}")
        assert item is not None
        (recording,) = reported_recordings(call_item.record_of(item))
        message = {
            "site_id": self.site.site_id,
            "call_id": f"generic-{call_id}",
            "recording_id": recording.recording_id,
        }
        record = {"messageId": "m", "receiptHandle": "none", "body": json.dumps(message)}
        event = {"Records": [record | {"attributes": {"ApproximateReceiveCount": "1"}}]}
        with ThreadPoolExecutor(times) as threads:
            return list(threads.map(lambda _: self.stack.invoke("FetchRecording", event), range(times)))

    def recording(self, call_id: str) -> Recording | None:
        item = calls_table.item(self.site.site_id, f"generic-{call_id}")
        found = call_item.recordings_of(item) if item else ()
        return found[0] if found and found[0].state is not RecordingState.WAITING else None

    def transcript(self, call_id: str) -> Transcript | None:
        item = calls_table.item(self.site.site_id, f"generic-{call_id}")
        found = call_item.transcripts_of(item) if item else ()
        return found[0] if found and found[0].state is not TranscriptState.STARTED else None


@pytest.fixture
def deployed(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}", transcripts=True)
    site = replace(site, delete_carrier_recordings=True, phrases=("placeholder speech",))
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    registry.create_site(site)
    secret = registry.create_endpoint(replace(PBX, endpoint_id=f"e-{own}", site_id=site.site_id))[1]
    with carrier_server() as pbx:
        yield Deployed(stack, site, secret, pbx)
    forget_caches()


def test_a_recording_is_fetched_linked_and_written_down(deployed: Deployed) -> None:
    deployed.ring("one", deployed.pbx.give("/rec/1.wav", AUDIO))

    recording = until(lambda: deployed.recording("one"))
    assert (recording.state, recording.bytes, recording.channels) == (RecordingState.STORED, len(AUDIO), 2)
    transcript = until(lambda: deployed.transcript("one"))

    # The engine recognises no speech: it writes a sentence of its own in Amazon's format, without channels.
    assert (transcript.state, transcript.language, transcript.why) == (TranscriptState.DONE, "ru-RU", "")
    assert transcript.analysis is not None
    assert list(transcript.analysis.talk_share) == ["unknown"]
    assert [each.phrase for each in transcript.analysis.phrases] == ["placeholder speech"]
    (shown,) = deployed.shown("one")["recordings"]
    assert shown["carriers_copy"] == CarriersCopy.KEPT
    assert "placeholder speech" in shown["transcript"]["segments"][0]["text"]
    with urllib.request.urlopen(shown["url"]) as file:
        assert file.read() == AUDIO
    assert [asked.path for asked in deployed.pbx.asked] == ["/rec/1.wav"]


def test_one_function_asks_the_carrier_while_others_are_given_the_same_recording(deployed: Deployed) -> None:
    answers: list[Any] = []
    slow = Given(body=AUDIO, meanwhile=lambda: answers.extend(deployed.fetch_again("many", times=3)))
    deployed.ring("many", deployed.pbx.give("/rec/many.wav", slow))
    assert until(lambda: deployed.recording("many")).state is RecordingState.STORED
    assert [len(answer["batchItemFailures"]) for answer in answers] == [1, 1, 1]  # put off
    assert [asked.path for asked in deployed.pbx.asked] == ["/rec/many.wav"]


def test_a_pbx_that_is_down_is_asked_again(deployed: Deployed) -> None:
    deployed.ring("two", deployed.pbx.give("/rec/2.wav", Given(503), AUDIO))
    assert until(lambda: deployed.recording("two")).state is RecordingState.STORED
    assert len(deployed.pbx.asked) == 2


def test_a_page_in_place_of_a_recording_is_refused(deployed: Deployed) -> None:
    deployed.ring("three", deployed.pbx.give("/login", Given(body=HTML, headers={"Content-Type": "audio/wav"})))
    assert until(lambda: deployed.recording("three")).state is RecordingState.REFUSED
    assert deployed.shown("three")["recordings"][0]["url"] is None
