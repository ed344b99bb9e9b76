"""A call's recordings and transcripts: his voice, and what he said."""

from __future__ import annotations

from typing import Any

from chalicelib.calls import call_item
from chalicelib.recordings.erase_recordings import erase_recordings
from chalicelib.recordings.recording_links import whole_recordings


def erase_of_call(item: call_item.Item) -> int:
    """Delete both from the bucket with all their versions, and let nothing be fetched again. Raises StorageUnavailable.

    The carrier's own copy is the carrier's: a site may have it deleted once a recording is stored here.
    """
    return erase_recordings(item)


def export_of_call(item: call_item.Item) -> list[dict[str, Any]]:
    """Each recording with a link that opens it for a while, and what was said in it. Raises StorageUnavailable."""
    return whole_recordings(call_item.recordings_of(item), call_item.transcripts_of(item))
