"""Which recordings a call has, by what its carrier's events say. Pure: order and repetition do not matter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from chalicelib.calls.fold import CallRecord
from chalicelib.calls.recording import ReportedRecording
from chalicelib.calls.types import CallEvent

_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
Received = tuple[datetime, CallEvent]


def reported_recordings(record: CallRecord) -> tuple[ReportedRecording, ...]:
    """Return a call's recordings, by id. A link that is reported again, e.g. freshly signed, replaces the older one.

    Those that only the carrier's history reports are left out: their links are old, and may be thousands.
    """
    by_id: dict[str, list[Received]] = {}
    for received in record.events:
        name = received[1].recording_id or received[1].recording_url
        if name and not received[1].imported:
            by_id.setdefault(_our_id(name), []).append(received)
    return tuple(_one(recording_id, by_id[recording_id]) for recording_id in sorted(by_id))


def _one(recording_id: str, received: list[Received]) -> ReportedRecording:
    ordered = sorted(received, key=lambda each: (each[0], each[1].event_id))
    linked = [each for each in ordered if each[1].recording_url]
    events = [event for _, event in ordered]
    return ReportedRecording(
        recording_id=recording_id,
        call_id=events[0].call_id,
        reported_at=ordered[0][0],
        linked_at=linked[-1][0] if linked else ordered[0][0],
        carriers_id=next((event.recording_id for event in events if event.recording_id), None),
        url=linked[-1][1].recording_url if linked else None,
        seconds=_most(event.recording_seconds for event in events),
        channels=_most(event.recording_channels for event in events),
    )


def _most(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _our_id(name: str) -> str:
    """Return the carrier's own id where it is safe in a key, a digest of it, or of the link, where it is not."""
    return name if _SAFE_ID.fullmatch(name) else f"h{sha256(name.encode()).hexdigest()[:32]}"
