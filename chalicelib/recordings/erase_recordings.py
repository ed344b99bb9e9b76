"""Erase a call's recordings and transcripts: on a person's request, and by a site's own retention."""

from __future__ import annotations

from chalicelib.calls import call_item
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.recordings_of_events import reported_recordings
from chalicelib.recordings import recordings_table
from chalicelib.runtime import log


def erase_recordings(item: call_item.Item) -> int:
    """Delete what the bucket holds of a stored call, old versions too, and let none of it be fetched again.

    First noted, then deleted: a fetch that is under way finds the note and takes its file back. Returns
    how many objects were deleted. Raises StorageUnavailable.
    """
    site_id, _, call_id = item["pk"]["S"].partition("#")
    reported = {each.recording_id for each in reported_recordings(call_item.record_of(item))}
    for recording_id in reported | {each.recording_id for each in call_item.recordings_of(item)}:
        erased = Recording(recording_id, RecordingState.ERASED, "It was erased on request.")
        recordings_table.put_recording(site_id, call_id, erased)
    for transcript in call_item.transcripts_of(item):
        recordings_table.forget_transcript(site_id, call_id, transcript.recording_id)
    deleted = recordings_table.delete_folder(site_id, call_id)
    log.event("recordings_erased", site_id=site_id, call_id=call_id, objects=deleted)
    return deleted
