"""Store what Amazon Transcribe wrote down: the words in the bucket, what is counted of them with the call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.calls import call_item
from chalicelib.calls import calls_table as calls
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.transcript import Spoken, Transcript, TranscriptState
from chalicelib.calls.types import Direction
from chalicelib.core.errors import StorageUnavailable
from chalicelib.recordings import recordings_table
from chalicelib.recordings.transcripts import transcribe_jobs
from chalicelib.recordings.transcripts.talk_analysis import analyse, segments_of
from chalicelib.recordings.transcripts.transcribe_jobs import Job
from chalicelib.recordings.transcripts.transcribe_output import UnreadableTranscript, words_of
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.runtime import log, tracing

COMPLETED, FAILED = "COMPLETED", "FAILED"
ENDED = (COMPLETED, FAILED)


@dataclass(frozen=True, slots=True)
class Found:
    """What a job's recording belongs to."""

    site: Site
    call_id: str
    recording: Recording
    customer_rang: bool


def read(message: dict[str, Any], now: datetime) -> None:
    """Note a job that ended. `message` is EventBridge's "Transcribe Job State Change", which names the job.

    The job itself says how it ended and of which recording it was; a repetition writes the same again. Raises
    StorageUnavailable, also while the job still runs.
    """
    name = message["detail"]["TranscriptionJobName"]
    job = transcribe_jobs.find(name)
    found = _found(job, now) if job else None
    if job is None or found is None:
        log.event("transcript_dropped", job=name)  # the job, the call or the recording has been deleted
        return
    if job.status not in ENDED:
        raise StorageUnavailable("The transcription has not ended yet.")
    tracing.annotate(site=found.site.site_id)
    transcript = _transcript(found, job)
    recordings_table.put_transcript(found.site.site_id, found.call_id, transcript)
    log.event("transcript_read", site_id=found.site.site_id, call_id=found.call_id, state=transcript.state)


def _found(job: Job, now: datetime) -> Found | None:
    """Return what the job's recording belongs to; None if any of it is gone."""
    owner = recordings_table.owner_of(job.media_key)
    item = calls.item(owner.site_id, owner.call_id) if owner else None
    site = snapshot.site_by_id(owner.site_id, now) if owner else None
    if owner is None or item is None or site is None:
        return None
    known = {each.recording_id: each for each in call_item.recordings_of(item)}
    recording = known.get(owner.recording_id)
    if recording is None or recording.state is not RecordingState.STORED:
        return None
    customer_rang = item.get("direction", {}).get("S") != Direction.OUT
    return Found(site, owner.call_id, recording, customer_rang)


def _transcript(found: Found, job: Job) -> Transcript:
    recording_id = found.recording.recording_id
    if job.status == FAILED:
        return Transcript(recording_id, TranscriptState.FAILED, job.language, job.failure)
    result = recordings_table.read_object(transcribe_jobs.output_key(job.media_key))
    if result is None:
        raise StorageUnavailable("The result of the transcription is not there.")
    try:
        words = words_of(result, customer_rang=found.customer_rang)
    except UnreadableTranscript:
        why = "Amazon Transcribe's result cannot be read."
        return Transcript(recording_id, TranscriptState.FAILED, job.language, why)
    analysis = analyse(words, found.recording.seconds or 0, found.site.phrases)
    key = f"{recordings_table.folder(found.site.site_id, found.call_id)}{recording_id}.transcript.json"
    recordings_table.put_object(key, msgspec.json.encode(Spoken(job.language, analysis.seconds, segments_of(words))))
    return Transcript(recording_id, TranscriptState.DONE, job.language, key=key, analysis=analysis)
