"""Erase and export a call's recordings and transcripts."""

from __future__ import annotations

from typing import Any

from chalicelib.calls import call_item
from chalicelib.recordings.erase_recordings import erase_recordings
from chalicelib.recordings.recording_links import whole_recordings


def erase_of_call(item: call_item.Item) -> int:
    """Delete both from the bucket with all their versions, and fetch none again. Raises StorageUnavailable.

    The carrier keeps its own copy: a site may have it deleted once a recording is stored here.
    """
    return erase_recordings(item)


def export_of_call(item: call_item.Item) -> list[dict[str, Any]]:
    """Return each recording with a temporary link, and its transcript. Raises StorageUnavailable."""
    return whole_recordings(call_item.recordings_of(item), call_item.transcripts_of(item))
