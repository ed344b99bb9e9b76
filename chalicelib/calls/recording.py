"""A recording as a carrier reports it, as we request it, and as it is stored with its call. No AWS, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class RecordingState(StrEnum):
    """Where a recording is. All but `STORED` say why in the recording's `why`."""

    WAITING = "waiting"  # reported by the carrier; not ready there, or not fetched yet
    STORED = "stored"
    NO_CREDENTIALS = "no_credentials"  # the carrier gives it only to who signs, and the endpoint has nothing to sign by
    GONE = "gone"  # the carrier has it no more
    REFUSED = "refused"  # by the carrier, or by us: not https, no public address, too large, no audio
    ERASED = "erased"  # somebody asked to be forgotten: it is not fetched again
    UNREACHABLE = "unreachable"  # a day of tries failed; the message is in the dead letters


OPEN = (RecordingState.WAITING, RecordingState.UNREACHABLE)  # another try may still change these


class CarriersCopy(StrEnum):
    """What became of the carrier's own copy, once a site asks for its deletion."""

    DELETED = "deleted"
    KEPT = "kept"  # the carrier has no way to delete it, or no credential to do it by


class Recording(Struct, frozen=True):
    """One recording of a call. A call may have several: one a leg, or one after each transfer."""

    recording_id: str  # ours: safe in a key, unique within the call
    state: RecordingState
    why: str = ""  # one plain sentence
    key: str | None = None  # in the bucket, once stored
    content_type: str | None = None
    bytes: int | None = None
    seconds: int | None = None  # as the carrier reports
    channels: int | None = None  # 2: the line that rang is the first, the line it was connected to the second
    stored_at: datetime | None = None
    carriers_copy: CarriersCopy | None = None  # None: nobody asked to delete it


class ReportedRecording(Struct, frozen=True):
    """What a carrier's events say of one recording."""

    recording_id: str
    call_id: str  # the carrier's id of the call
    reported_at: datetime  # when we first heard of it
    linked_at: datetime  # when we received its link
    carriers_id: str | None = None
    url: str | None = None
    seconds: int | None = None
    channels: int | None = None


class Ask(Struct, frozen=True):
    """One HTTP request to a carrier."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    answers_with_link: bool = False  # the answer is JSON with the link to the audio


class NotFetched(Exception):
    """A recording could not be fetched; the message is the plain sentence shown with it, without a URL or a secret.

    NotFetched
    ├── NotReady        the carrier is still at it                     tried again
    ├── Unreachable     no answer, or one that says "later"            tried again
    ├── NoCredentials   the endpoint lacks what the carrier asks for   for good
    ├── Gone            404 or 410 where it should be                  for good
    └── Refused         anything else                                  for good
    """

    state = RecordingState.REFUSED


class NotReady(NotFetched):
    state = RecordingState.WAITING


class Unreachable(NotFetched):
    state = RecordingState.WAITING


class NoCredentials(NotFetched):
    state = RecordingState.NO_CREDENTIALS


class Gone(NotFetched):
    state = RecordingState.GONE


class Refused(NotFetched):
    state = RecordingState.REFUSED
