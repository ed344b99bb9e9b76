"""A recording from the webhook that reports it to the bucket, through the real tables and a real HTTP server."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import calls_table as calls
from chalicelib.calls.recording import CarriersCopy, Recording, RecordingState
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.recordings import recordings_table
from chalicelib.recordings.erase_recordings import erase_recordings
from chalicelib.recordings.fetch_recording import GIVE_UP, fetch
from chalicelib.registry import store as registry
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.fakes.carrier_server import HTML, CarrierServer, Given, wav
from tests.recordings.recordings_fixture import (
    AUDIO,
    CALL,
    attributed,
    endpoint,
    fetched,
    found,
    known,
    objects,
    postponed,
    queued,
    report,
)
from tests.requests import NOW, messages

# ---- from the webhook to the bucket --------------------------------------------------------------------------------


def test_a_call_queues_its_recording_as_soon_as_it_knows_of_it_and_once(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=f"{server.url}/1.mp3")
    assert attributed() == [CALL | {"recording_id": "r1"}]
    assert (known().state, known().why) == (RecordingState.WAITING, "It has not been fetched yet.")
    report(name="later", recording_id="r1", recording_url=f"{server.url}/1.mp3")
    assert attributed() == []


def test_it_is_queued_even_where_the_call_cannot_be_attributed(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    report(recording_url="https://pbx.example/1.mp3")
    monkeypatch.setenv("CALLPATH_DAYS_TABLE", "gone")
    forget_caches()
    with pytest.raises(StorageUnavailable):
        attribute(CALL, NOW)
    assert len(queued()) == 1


def test_it_lies_in_the_bucket_under_its_call(site: Any, server: CarrierServer, capsys: Any) -> None:
    report(recording_id="r1", recording_url=server.give("/1", AUDIO), recording_seconds=44)
    attributed()
    recording = fetched("r1")
    assert objects(site) == {"recordings/s1/call-1/r1.mp3": AUDIO}
    assert recording == Recording(
        "r1",
        RecordingState.STORED,
        key="recordings/s1/call-1/r1.mp3",
        content_type="audio/mpeg",
        bytes=len(AUDIO),
        seconds=44,
        channels=1,
        stored_at=NOW,
    )
    attribution = calls.call("s1", "call-1")
    assert attribution is not None and attribution.recordings == (recording,)
    assert messages(site, settings().deliver_queue) == [CALL | {"recording_id": "r1"}]
    assert server.url not in capsys.readouterr().out


def test_a_repetition_changes_nothing_and_asks_nobody(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    first = fetched("r1")
    assert fetched("r1", NOW + timedelta(hours=1)) == first
    assert len(server.asked) == 1


def test_a_call_has_as_many_recordings_as_were_reported(site: Any, server: CarrierServer) -> None:
    report(name="leg 1", recording_id="leg/1", recording_url=server.give("/1", AUDIO))
    report(name="leg 2", recording_url=server.give("/2", wav(channels=2)))
    asked = attributed()
    assert len(asked) == 2
    for message in asked:
        fetch(message, NOW)
    assert sorted(len(body) for body in objects(site).values()) == sorted((len(AUDIO), len(wav(channels=2))))
    assert {each.content_type: each.channels for each in found()} == {"audio/mpeg": 1, "audio/wav": 2}


def test_a_link_that_is_reported_again_replaces_the_older(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=f"{server.url}/expired")
    report(name="again", at=NOW + timedelta(minutes=5), recording_id="r1", recording_url=server.give("/fresh", AUDIO))
    assert fetched("r1", NOW + timedelta(minutes=5)).state is RecordingState.STORED
    assert [each.path for each in server.asked] == ["/fresh"]


# ---- what is not there, or is something else -----------------------------------------------------------------------


def test_a_file_that_is_not_there_yet_may_come_within_ten_minutes(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", Given(404), AUDIO))
    waiting = postponed("r1", NOW + timedelta(minutes=9))
    assert (waiting.state, "404" in waiting.why) == (RecordingState.WAITING, True)
    stored_now = fetched("r1", NOW + timedelta(minutes=11))
    assert (stored_now.state, stored_now.why) == (RecordingState.STORED, "")


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (Given(404), RecordingState.GONE),
        (Given(410), RecordingState.GONE),
        (Given(403), RecordingState.REFUSED),
        (Given(body=HTML, headers={"Content-Type": "audio/mpeg"}), RecordingState.REFUSED),
        (Given(body=b"", declared=300_000_000), RecordingState.REFUSED),
    ],
)
def test_what_no_further_try_can_change_is_noted_with_the_call(
    site: Any, server: CarrierServer, given: Given, state: RecordingState
) -> None:
    report(recording_id="r1", recording_url=server.give("/1", given))
    recording = fetched("r1", NOW + timedelta(minutes=11))
    assert recording.state is state
    assert recording.why.endswith(".")
    assert recording.key is None
    assert objects(site) == {}
    assert messages(site, settings().deliver_queue) == []


def test_a_carrier_that_does_not_answer_is_asked_again_for_a_day(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", Given(503), Given(503), AUDIO))
    assert postponed("r1", NOW + GIVE_UP).state is RecordingState.WAITING
    given_up = postponed("r1", NOW + GIVE_UP + timedelta(seconds=1))
    assert (given_up.state, given_up.why) == (RecordingState.UNREACHABLE, "The carrier answered 503.")
    # Out of the dead letters, once the carrier is back.
    assert fetched("r1", NOW + timedelta(days=3)).state is RecordingState.STORED


def test_production_fetches_nothing_over_http(
    site: Any, server: CarrierServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    monkeypatch.delenv("CALLPATH_TEST_FETCH")
    forget_caches()
    assert (fetched("r1").state, known().why) == (RecordingState.REFUSED, "The link is not https.")
    assert server.asked == []


def test_what_does_not_exist_goes_to_the_dead_letters(site: Any) -> None:
    report(recording_id="r1", recording_url="https://pbx.example/1.mp3")
    for message in (CALL | {"call_id": "no"}, CALL | {"site_id": "no"}):
        with pytest.raises(NotFound):
            fetch(message | {"recording_id": "r1"}, NOW)
    fetch(CALL | {"recording_id": "never reported"}, NOW)
    assert found() == ()


def test_a_bucket_that_cannot_be_written_gives_the_message_back(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    site.client("s3").delete_bucket(Bucket=settings().bucket)
    with pytest.raises(StorageUnavailable):
        fetch(CALL | {"recording_id": "r1"}, NOW)
    assert found() == ()


def test_an_endpoint_that_was_deleted_leaves_no_one_to_ask_as(site: Any) -> None:
    report("uis", recording_id="r1", recording_url="https://uis.example/1.mp3")
    assert fetched("r1").state is RecordingState.NO_CREDENTIALS


@pytest.mark.parametrize(("given", "state"), [(Given(410), "gone"), (Given(403), "refused"), (HTML, "refused")])
def test_what_ended_for_good_is_not_asked_for_again(
    site: Any, server: CarrierServer, given: Given | bytes, state: str
) -> None:
    report(recording_id="r1", recording_url=server.give("/1", given, AUDIO))
    assert fetched("r1").state == state
    assert fetched("r1").state == state
    assert len(server.asked) == 1


# ---- the carriers' own ways ----------------------------------------------------------------------------------------


def test_zadarma_is_first_asked_for_a_link_and_again_until_it_has_one(site: Any, server: CarrierServer) -> None:
    endpoint("zadarma", key="KEY1", api_url=server.url)
    link = server.give("/file.mp3", AUDIO)
    ready = json.dumps({"status": "success", "link": link}).encode()
    missing = b'{"status":"error","message":"Requested file not found"}'
    server.give("/v1/pbx/record/request/", missing, Given(404), ready)
    report("zadarma", recording_id="1763805128.1")
    for _ in range(2):
        assert postponed("1763805128.1", NOW + timedelta(hours=2)).state is RecordingState.WAITING
    assert fetched("1763805128.1", NOW + timedelta(hours=3)).state is RecordingState.STORED
    assert [each.path for each in server.asked][2:] == ["/v1/pbx/record/request/?call_id=1763805128.1", "/file.mp3"]
    assert server.asked[0].headers["authorization"].startswith("KEY1:")


def test_zadarma_is_not_asked_before_it_can_be_ready(site: Any) -> None:
    endpoint("zadarma", key="KEY1")
    report("zadarma", recording_id="1763805128.1")
    attribute(CALL, NOW)
    assert queued() == []  # it is there, and hidden for 40 s
    counts = site.client("sqs").get_queue_attributes(QueueUrl=settings().recording_queue, AttributeNames=["All"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_mango_redirects_to_a_link_that_works_once(site: Any, server: CarrierServer) -> None:
    endpoint("mango", api_url=server.url)
    server.give("/once", AUDIO, Given(410))
    later, ready = Given(body=b'{"result": 3330}'), Given(302, headers={"Location": "/once"})
    server.give("/queries/recording/post", later, ready)
    report("mango", recording_id="MjoxMDA4NjI3")
    assert postponed("MjoxMDA4NjI3").state is RecordingState.WAITING
    assert fetched("MjoxMDA4NjI3", NOW + timedelta(minutes=1)).state is RecordingState.STORED
    form = dict(parse_qsl(server.asked[0].body.decode()))
    assert json.loads(form["json"])["recording_id"] == "MjoxMDA4NjI3"


def test_telnyx_gives_a_fresh_link_where_the_reported_one_has_ended(site: Any, server: CarrierServer) -> None:
    endpoint("telnyx", api_key="KEY1", api_url=server.url)
    described = json.dumps({"data": {"download_urls": {"mp3": server.give("/fresh.mp3", AUDIO)}}}).encode()
    server.give("/v2/recordings/r1", described)
    report("telnyx", recording_id="r1", recording_url=server.give("/1.mp3", Given(403)))
    assert fetched("r1", NOW + timedelta(minutes=30)).state is RecordingState.STORED
    assert [each.path for each in server.asked] == ["/v2/recordings/r1", "/fresh.mp3"]


def test_twilio_gets_its_accounts_token_and_deletes_its_copy_where_asked(site: Any, server: CarrierServer) -> None:
    registry.update_site("s1", {"delete_carrier_recordings": True})
    forget_caches()
    endpoint("twilio", api_url=server.url)
    url = f"{server.url}/2010-04-01/Accounts/AC1/Recordings/RE1"
    server.give("/2010-04-01/Accounts/AC1/Recordings/RE1.mp3", AUDIO)
    server.give("/2010-04-01/Accounts/AC1/Recordings/RE1.json", Given(503), Given(204))
    report("twilio", recording_id="RE1", recording_url=url)
    half = postponed("RE1")
    assert (half.state, half.carriers_copy) == (RecordingState.STORED, None)
    assert fetched("RE1").carriers_copy is CarriersCopy.DELETED
    assert fetched("RE1").carriers_copy is CarriersCopy.DELETED
    assert [each.method for each in server.asked] == ["GET", "DELETE", "DELETE"]
    assert all(each.headers["authorization"].startswith("Basic ") for each in server.asked)


@pytest.mark.parametrize("status", [401, 403, 405])
def test_a_copy_that_may_not_be_deleted_is_kept(site: Any, server: CarrierServer, status: int) -> None:
    registry.update_site("s1", {"delete_carrier_recordings": True})
    forget_caches()
    endpoint("twilio", api_url=server.url)
    server.give("/Accounts/AC1/RE1.mp3", AUDIO)
    server.give("/Accounts/AC1/RE1.json", Given(status))
    report("twilio", recording_id="RE1", recording_url=f"{server.url}/Accounts/AC1/RE1")
    assert fetched("RE1").carriers_copy is CarriersCopy.KEPT


def test_a_carrier_that_cannot_delete_keeps_its_copy(site: Any, server: CarrierServer) -> None:
    registry.update_site("s1", {"delete_carrier_recordings": True})
    forget_caches()
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    assert fetched("r1").carriers_copy is CarriersCopy.KEPT
    assert [each.method for each in server.asked] == ["GET"]


def test_without_its_credential_a_recording_is_not_asked_for_endlessly(site: Any) -> None:
    endpoint("zadarma")
    report("zadarma", recording_id="r1")
    recording = fetched("r1")
    assert (recording.state, recording.why) == (RecordingState.NO_CREDENTIALS, "The endpoint has no credential key.")


# ---- somebody asks to be forgotten ---------------------------------------------------------------------------------


def erase() -> int:
    item = calls.item("s1", "call-1")
    assert item is not None
    return erase_recordings(item)


def test_an_erased_recording_is_gone_with_its_versions_and_never_fetched_again(
    site: Any, server: CarrierServer
) -> None:
    site.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration={"Status": "Enabled"})
    report(recording_id="r1", recording_url=server.give("/1", AUDIO))
    attributed()
    fetched("r1")
    recordings_table.put_object("recordings/s1/call-1/r1.transcript.json", b"{}")
    recordings_table.put_object("recordings/s1/call-10/r1.transcript.json", b"{}")  # another call's
    assert erase() == 2
    versions = site.client("s3").list_object_versions(Bucket=settings().bucket)
    assert [each["Key"] for each in versions["Versions"]] == ["recordings/s1/call-10/r1.transcript.json"]
    assert (known().state, known().key) == (RecordingState.ERASED, None)
    report(name="again", recording_id="r1", recording_url=f"{server.url}/1")
    assert attributed() == []
    assert fetched("r1").state is RecordingState.ERASED
    assert len(server.asked) == 1
    assert erase() == 0


def test_a_recording_erased_while_it_is_fetched_is_taken_back(site: Any, server: CarrierServer) -> None:
    report(recording_id="r1", recording_url=server.give("/1", Given(body=AUDIO, meanwhile=erase)))
    assert fetched("r1").state is RecordingState.ERASED
    assert objects(site) == {}
