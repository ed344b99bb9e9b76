"""A stored recording is written down and read: jobs in process (moto), whose results the test writes in their stead."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber
from moto.moto_api import state_manager
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item
from chalicelib.calls import calls_table as calls
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.transcript import Transcript, TranscriptState
from chalicelib.calls.types import Direction
from chalicelib.core.errors import StorageUnavailable
from chalicelib.recordings import recordings_table
from chalicelib.recordings.erase_recordings import erase_recordings
from chalicelib.recordings.transcripts import transcribe_jobs
from chalicelib.recordings.transcripts.read_transcript import read
from chalicelib.recordings.transcripts.start_transcript import start_transcript
from chalicelib.registry.types import Site
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import ring
from tests.recordings.transcripts.test_transcribe_output import CHANNELS, SPEAKERS
from tests.requests import NOW, SITE, STATIC, open_site

KEY = "recordings/s1/generic-1/r1.mp3"
STORED = Recording("r1", RecordingState.STORED, key=KEY, seconds=44, channels=2, stored_at=NOW)
JOBS = "transcribe::transcriptionjob"
WRITTEN = replace(SITE, transcripts=True, phrases=("доставка", "скидка"))


@pytest.fixture
def silent_site(request: pytest.FixtureRequest) -> Any:
    """A site that wants transcripts."""
    session = request.getfixturevalue("aws")
    open_site(transcripts=True, phrases=("доставка", "скидка"))
    state_manager.set_transition(JOBS, {"progression": "immediate"})
    yield session
    state_manager.unset_transition(JOBS)


@pytest.fixture
def site(silent_site: Any) -> Any:
    """The same with one attributed call whose recording is stored."""
    call()
    return silent_site


def call(direction: Direction = Direction.IN) -> None:
    attribute(ring(number=STATIC, direction=direction), NOW)
    recordings_table.put_recording("s1", "generic-1", STORED)


def item() -> call_item.Item:
    found = calls.item("s1", "generic-1")
    assert found is not None
    return found


def transcripts() -> tuple[Transcript, ...]:
    return call_item.transcripts_of(item())


def start(recording: Recording = STORED, site: Site = WRITTEN) -> None:
    start_transcript(item(), site, recording)


def ended() -> dict[str, Any]:
    """EventBridge's word of the job."""
    name = transcribe_jobs.job_name(KEY)
    return {"source": "aws.transcribe", "detail": {"TranscriptionJobName": name, "TranscriptionJobStatus": "COMPLETED"}}


def read_job(status: str, **more: str) -> None:
    """Read a job with this status."""
    job = {"TranscriptionJobStatus": status, "LanguageCode": "ru-RU", "Media": {"MediaFileUri": f"s3://b/{KEY}"}}
    with Stubber(aws.transcribe()) as answers:
        answers.add_response("get_transcription_job", {"TranscriptionJob": job | more})
        read(ended(), NOW)


def started_job(session: Any) -> dict[str, Any]:
    answer = session.client("transcribe").get_transcription_job(TranscriptionJobName=transcribe_jobs.job_name(KEY))
    job: dict[str, Any] = answer["TranscriptionJob"]
    return job


def test_the_job_reads_and_writes_beside_the_recording(site: Any) -> None:
    state_manager.set_transition(JOBS, {"progression": "manual", "times": 1})
    start()
    job = [started_job(site) for _ in ("queued", "in progress", "completed")][-1]
    assert job["Media"]["MediaFileUri"] == f"s3://{settings().bucket}/{KEY}"
    assert (job["LanguageCode"], job["MediaFormat"]) == ("ru-RU", "mp3")
    assert job["Transcript"]["TranscriptFileUri"].endswith("/recordings/s1/generic-1/r1.transcribe.json")
    assert job["TranscriptionJobName"].startswith("callpath.test.")
    assert "generic" not in job["TranscriptionJobName"]
    assert transcripts() == (Transcript("r1", TranscriptState.STARTED, "ru-RU"),)


@pytest.mark.parametrize(("channels", "identified"), [(2, True), (1, False), (None, False)])
def test_channels_show_who_is_who_and_else_speakers_are_numbered(
    site: Any, channels: int | None, identified: bool
) -> None:
    start(replace(STORED, channels=channels))
    job_settings = started_job(site)["Settings"]
    assert bool(job_settings.get("ChannelIdentification")) is identified
    assert bool(job_settings.get("ShowSpeakerLabels")) is not identified


def test_it_is_started_once_and_only_where_asked_for(site: Any) -> None:
    start(site=replace(WRITTEN, transcripts=False))
    start(replace(STORED, key=None))
    assert transcripts() == ()
    start(site=replace(WRITTEN, language="kk-KZ"))
    start()
    assert [each.language for each in transcripts()] == ["kk-KZ"]
    assert len(site.client("transcribe").list_transcription_jobs()["TranscriptionJobSummaries"]) == 1


def test_a_job_that_was_started_by_who_died_is_taken_over(site: Any) -> None:
    transcribe_jobs.start(KEY, "mp3", "ru-RU", 2)
    start()
    assert transcripts() == (Transcript("r1", TranscriptState.STARTED, "ru-RU"),)


def test_an_ended_job_becomes_the_calls_transcript(site: Any) -> None:
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), CHANNELS)
    read(ended(), NOW)
    (transcript,) = transcripts()
    assert (transcript.state, transcript.language) == (TranscriptState.DONE, "ru-RU")
    assert transcript.key == "recordings/s1/generic-1/r1.transcript.json"
    assert transcript.analysis is not None
    assert transcript.analysis.talk_share == {"business": 59.5, "customer": 40.5}
    assert [(each.phrase, each.party) for each in transcript.analysis.phrases] == [
        ("доставка", "business"),
        ("доставка", "customer"),
    ]
    spoken = recordings_table.spoken(transcript.key)
    assert spoken is not None
    assert (spoken.language, spoken.seconds, len(spoken.segments)) == ("ru-RU", 44, 9)
    assert spoken.segments[0].text == "Алло, здравствуйте!"
    attributed = calls.call("s1", "generic-1")
    assert attributed is not None and attributed.transcripts == (transcript,)


def test_a_repetition_and_a_late_start_change_nothing(site: Any) -> None:
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), CHANNELS)
    read(ended(), NOW)
    before = transcripts()
    read(ended(), NOW)
    recordings_table.put_transcript(
        "s1", "generic-1", Transcript("r1", TranscriptState.STARTED, "ru-RU"), only_new=True
    )
    assert transcripts() == before


def test_in_an_outgoing_call_the_business_rang(silent_site: Any) -> None:
    call(Direction.OUT)
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), CHANNELS)
    read(ended(), NOW)
    analysis = transcripts()[0].analysis
    assert analysis is not None and analysis.talk_share == {"business": 40.5, "customer": 59.5}


def test_speakers_of_one_channel_stay_numbers(site: Any) -> None:
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), SPEAKERS)
    read(ended(), NOW)
    analysis = transcripts()[0].analysis
    assert analysis is not None and set(analysis.talk_share) == {"speaker_1", "speaker_2"}


def test_what_cannot_be_read_is_said_so(site: Any) -> None:
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), b"<html>")
    read(ended(), NOW)
    (transcript,) = transcripts()
    assert (transcript.state, transcript.why) == (TranscriptState.FAILED, "Amazon Transcribe's result cannot be read.")


def test_a_result_that_is_not_there_yet_comes_again(site: Any) -> None:
    start()
    with pytest.raises(StorageUnavailable):
        read(ended(), NOW)
    with pytest.raises(StorageUnavailable):
        read_job("IN_PROGRESS")
    assert transcripts()[0].state is TranscriptState.STARTED


def test_what_was_deleted_meanwhile_is_let_go(site: Any, capsys: Any) -> None:
    start()
    recordings_table.put_object(transcribe_jobs.output_key(KEY), CHANNELS)
    erase_recordings(item())
    read(ended(), NOW)
    assert transcripts() == ()
    site.client("transcribe").delete_transcription_job(TranscriptionJobName=transcribe_jobs.job_name(KEY))
    read(ended(), NOW)
    assert capsys.readouterr().out.count("transcript_dropped") == 2


def test_a_recording_that_is_refused_is_said_so(site: Any) -> None:
    refusal = "The media format that you specified doesn't match the detected media format."
    with Stubber(aws.transcribe()) as answers:
        answers.add_client_error("start_transcription_job", "BadRequestException", refusal, 400)
        start()
    assert transcripts() == (Transcript("r1", TranscriptState.FAILED, "ru-RU", f"Not taken: {refusal}"),)


@pytest.mark.parametrize("code", ["LimitExceededException", "InternalFailureException", "ThrottlingException"])
def test_a_start_that_fails_gives_the_message_back(site: Any, code: str) -> None:
    with Stubber(aws.transcribe()) as answers:
        for _ in range(4):
            answers.add_client_error("start_transcription_job", code, "", 400)
        with pytest.raises(StorageUnavailable):
            start()
    assert transcripts() == ()


def test_a_job_that_failed_says_why(site: Any) -> None:
    read_job("FAILED", FailureReason="Your file must not exceed 4 hours.")
    expected = Transcript("r1", TranscriptState.FAILED, "ru-RU", "Your file must not exceed 4 hours.")
    assert transcripts() == (expected,)
