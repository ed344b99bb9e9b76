"""Queue the recordings of a call as soon as its events report them: some links live ten minutes."""

from __future__ import annotations

from chalicelib.calls import call_item
from chalicelib.calls.recordings_of_events import reported_recordings
from chalicelib.carriers.recording_source import ready_after
from chalicelib.recordings import recordings_table
from chalicelib.runtime import sqs
from chalicelib.runtime.settings import settings


def announce(item: call_item.Item) -> None:
    """Queue the recordings that a stored call's events report and no fetch is queued for. Raises StorageUnavailable.

    Queued before it is noted: a run that dies in between queues it again, and it is still fetched once.
    """
    record = call_item.record_of(item)
    known = {recording.recording_id for recording in call_item.recordings_of(item)}
    for reported in reported_recordings(record):
        if reported.recording_id in known:
            continue
        message = {"site_id": record.site_id, "call_id": record.call_id, "recording_id": reported.recording_id}
        sqs.send(settings().recording_queue, message, delay_seconds=ready_after(record.vendor))
        recordings_table.add_waiting(record.site_id, record.call_id, reported.recording_id)
