"""Fetch one recording of a call: into the bucket, on to its transcript, and away from the carrier where asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import IO, Any

from msgspec.structs import replace

from chalicelib.calls import call_item
from chalicelib.calls import calls_table as calls
from chalicelib.calls.recording import (
    OPEN,
    NoCredentials,
    NotFetched,
    NotReady,
    Recording,
    RecordingState,
    Refused,
    ReportedRecording,
    Unreachable,
)
from chalicelib.calls.recordings_of_events import reported_recordings
from chalicelib.carriers import recording_source as carriers
from chalicelib.core import tokens
from chalicelib.core.errors import NotFound
from chalicelib.recordings import download, recordings_table
from chalicelib.recordings.audio import HEAD_BYTES, Audio, audio_of
from chalicelib.recordings.claims_table import claim
from chalicelib.recordings.delete_at_carrier import remove_carriers_copy
from chalicelib.recordings.transcripts.start_transcript import start_transcript
from chalicelib.registry import snapshot
from chalicelib.registry.types import Endpoint, Site
from chalicelib.runtime import log, sqs, tracing
from chalicelib.runtime.settings import settings

GIVE_UP = timedelta(hours=23)  # the queue's tries end soon after, in the dead letters
NOT_YET = (404, 409, 425)


def fetch(message: dict[str, Any], now: datetime) -> None:
    """Fetch one recording as far as possible. `message` is {"site_id", "call_id", "recording_id"}.

    Each step is noted with the call and not done again, so a repetition continues where the last try ended. What no
    further try can change is noted, too. Of several fetches at once, one asks the carrier. Raises sqs.TryLater if
    another try may do more, NotFound, StorageUnavailable.
    """
    site_id, call_id, recording_id = message["site_id"], message["call_id"], message["recording_id"]
    tracing.annotate(site=site_id)
    item, site = calls.item(site_id, call_id), snapshot.site_by_id(site_id, now)
    if item is None or site is None:
        raise NotFound("No such call." if site else "No such site.")
    record = call_item.record_of(item)
    reported = next((each for each in reported_recordings(record) if each.recording_id == recording_id), None)
    endpoint = snapshot.endpoint_by_id(record.endpoint_id, now)
    if reported is None:  # its events are gone: they were erased on request
        log.event("recording_dropped", site_id=site_id, call_id=call_id)
        return
    known = {each.recording_id: each for each in call_item.recordings_of(item)}.get(recording_id)
    recording = known or Recording(recording_id, RecordingState.WAITING)
    if recording.state in OPEN:
        recording = _fetched(recording, reported, endpoint, message, now)
    if recording.state is RecordingState.STORED:
        start_transcript(item, site, recording)
        if site.delete_carrier_recordings and endpoint and recording.carriers_copy is None:
            _remove(site, call_id, recording, reported, endpoint, now)


def _fetched(
    recording: Recording, reported: ReportedRecording, endpoint: Endpoint | None, message: dict[str, Any], now: datetime
) -> Recording:
    """Return the recording after one try, as noted with its call. Raises sqs.TryLater if another try may do better."""
    site_id, call_id, fetcher = message["site_id"], message["call_id"], tokens.random_id("")
    left = claim(site_id, call_id, recording.recording_id, fetcher, now)
    if left is not None:
        raise sqs.TryLater(settings().recording_queue, "Another fetch is running.", at_least=left)
    try:
        after = _store(recording, reported, endpoint, recordings_table.folder(site_id, call_id), now)
    except NotFetched as failure:
        state = failure.state
        if state is RecordingState.WAITING and now - reported.reported_at > GIVE_UP:
            state = RecordingState.UNREACHABLE
        after = replace(recording, state=state, why=str(failure))
        if not recordings_table.put_failure(site_id, call_id, after, fetcher):
            raise sqs.TryLater(settings().recording_queue, "Another fetch has taken it over.") from None
        log.warning("recording_not_fetched", site_id=site_id, call_id=call_id, state=state, reason=str(failure))
        if isinstance(failure, NotReady | Unreachable):
            raise sqs.TryLater(settings().recording_queue, str(failure)) from None
        return after
    if not recordings_table.put_recording(site_id, call_id, after):
        recordings_table.delete_audio(after.key or "")  # erased while it was fetched
        return recording
    log.event("recording_stored", site_id=site_id, call_id=call_id, bytes=after.bytes)
    sqs.send(settings().deliver_queue, message)
    return after


def _store(
    recording: Recording, reported: ReportedRecording, endpoint: Endpoint | None, folder: str, now: datetime
) -> Recording:
    """Ask the carrier, check what came, put it into the bucket. Raises a NotFetched, StorageUnavailable."""
    if endpoint is None:
        raise NoCredentials("The endpoint that reported it does not exist any more.")
    patient = now - reported.reported_at < timedelta(seconds=carriers.patience(endpoint.vendor))
    with tempfile.TemporaryFile() as file:
        size = _download(reported, endpoint, file, NOT_YET if patient else (), now)
        audio = _checked(file, endpoint.vendor, patient=patient)
        key = f"{folder}{recording.recording_id}.{audio.format}"
        file.seek(0)
        recordings_table.put_audio(key, file, audio.content_type)
    return Recording(
        recording_id=recording.recording_id,
        state=RecordingState.STORED,
        key=key,
        content_type=audio.content_type,
        bytes=size,
        seconds=reported.seconds,
        channels=audio.channels or reported.channels,
        stored_at=now,
        carriers_copy=recording.carriers_copy,
    )


def _download(
    reported: ReportedRecording, endpoint: Endpoint, file: IO[bytes], pending: Collection[int], now: datetime
) -> int:
    ask = carriers.ask_for(reported, endpoint, now)
    if ask.answers_with_link:
        ask = carriers.link_ask(endpoint.vendor, download.answer(ask, pending))
    return download.download(ask, file, pending)


def _checked(file: IO[bytes], vendor: str, *, patient: bool) -> Audio:
    """Return the format by the file's own bytes. Raises Refused if it is no audio, NotReady if that means "later"."""
    file.seek(0)
    audio = audio_of(file.read(HEAD_BYTES))
    if audio is None:
        why = "What the carrier answered is not MP3, WAV, Ogg or M4A."
        raise NotReady(why) if patient and carriers.says_later(vendor) else Refused(why)
    return audio


def _remove(
    site: Site, call_id: str, recording: Recording, reported: ReportedRecording, endpoint: Endpoint, now: datetime
) -> None:
    """Ask the carrier to delete its copy, once; ours is stored. Raises sqs.TryLater if it does not answer."""
    try:
        copy = remove_carriers_copy(reported, endpoint, now)
    except Unreachable as failure:
        raise sqs.TryLater(settings().recording_queue, str(failure)) from None
    recordings_table.put_recording(site.site_id, call_id, replace(recording, carriers_copy=copy))
    log.event("carriers_copy", site_id=site.site_id, call_id=call_id, copy=copy)
