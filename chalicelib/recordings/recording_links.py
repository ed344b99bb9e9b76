"""Recordings as other systems and the manage API see them: with a link that expires, never with the carrier's own."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.calls.recording import Recording
from chalicelib.calls.transcript import Transcript
from chalicelib.recordings import recordings_table
from chalicelib.runtime import presigned_links


def shown_recordings(recordings: tuple[Recording, ...], transcripts: tuple[Transcript, ...]) -> list[dict[str, Any]]:
    """Return each recording with `url`, a fresh link once it is stored, and its `transcript`, if there is one."""
    written = {transcript.recording_id: transcript for transcript in transcripts}
    return [_shown(recording, written.get(recording.recording_id)) for recording in recordings]


def whole_recordings(recordings: tuple[Recording, ...], transcripts: tuple[Transcript, ...]) -> list[dict[str, Any]]:
    """Return the same with the segments of each transcript. Raises StorageUnavailable."""
    shown = shown_recordings(recordings, transcripts)
    for each in shown:
        transcript = each["transcript"]
        if transcript and transcript["key"]:
            spoken = recordings_table.spoken(transcript["key"])
            transcript["segments"] = msgspec.to_builtins(spoken.segments) if spoken else []
    return shown


def _shown(recording: Recording, transcript: Transcript | None) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(recording)
    shown["url"] = presigned_links.link(recording.key) if recording.key else None
    return shown | {"transcript": msgspec.to_builtins(transcript)}
