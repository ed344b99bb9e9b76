"""Start the transcription of a stored recording, if its site wants transcripts."""

from __future__ import annotations

from pathlib import PurePosixPath

from chalicelib.calls import call_item
from chalicelib.calls.recording import Recording
from chalicelib.calls.transcript import Transcript, TranscriptState
from chalicelib.recordings import recordings_table
from chalicelib.recordings.transcripts import transcribe_jobs
from chalicelib.recordings.transcripts.languages import language_of
from chalicelib.registry.types import Site
from chalicelib.runtime import log


def start_transcript(item: call_item.Item, site: Site, recording: Recording) -> None:
    """Start the job unless it was started before, and note it with the call. Raises StorageUnavailable."""
    started = {transcript.recording_id for transcript in call_item.transcripts_of(item)}
    if not site.transcripts or not recording.key or recording.recording_id in started:
        return
    language = language_of(site.language, site.country)
    noted = Transcript(recording.recording_id, TranscriptState.STARTED, language)
    try:
        transcribe_jobs.start(
            recording.key, PurePosixPath(recording.key).suffix.lstrip("."), language, recording.channels
        )
    except transcribe_jobs.JobRefused as refusal:
        noted = Transcript(recording.recording_id, TranscriptState.FAILED, language, f"Not taken: {refusal}")
    # Noted after it was started: a run that dies between starts it again, which changes nothing. It may be done by now.
    call_id = item["pk"]["S"].partition("#")[2]
    recordings_table.put_transcript(site.site_id, call_id, noted, only_new=True)
    log.event("transcript_started", site_id=site.site_id, call_id=call_id, state=noted.state, language=language)
