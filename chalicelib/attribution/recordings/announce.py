"""Queue the recordings that a call has come to know, as soon as it knows them: some links live ten minutes."""

from __future__ import annotations

from chalicelib.attribution import stored
from chalicelib.attribution.carriers.recordings import ready_after
from chalicelib.attribution.recordings import store
from chalicelib.attribution.recordings.told import told_recordings
from chalicelib.runtime import aws, sqs
from chalicelib.runtime.settings import settings


def announce(item: stored.Item) -> None:
    """Queue what the events of a stored call tell and nobody fetches yet. Raises StorageUnavailable.

    Queued before it is noted: a run that dies in between queues it again, and however often, it is fetched once.
    """
    record = stored.record_of(item)
    known = {recording.recording_id for recording in stored.recordings_of(item)}
    for told in told_recordings(record):
        if told.recording_id in known:
            continue
        message = {"site_id": record.site_id, "call_id": record.call_id, "recording_id": told.recording_id}
        with aws.storage_errors():
            sqs.send(settings().recording_queue, message, delay_seconds=ready_after(record.vendor))
        store.add_waiting(record.site_id, record.call_id, told.recording_id)
