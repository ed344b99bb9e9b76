"""A transcript and what is counted of it. Times are seconds from the recording's start. No AWS, no I/O."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class TranscriptState(StrEnum):
    """Where a transcript is."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"  # its `why` says why


class Word(Struct, frozen=True):
    """One spoken word with the punctuation behind it."""

    party: str  # "customer" or "business" where each has a channel of their own, else "speaker_1", …, or "unknown"
    starts: float
    ends: float
    text: str


class Segment(Struct, frozen=True):
    """What one party said without a break."""

    party: str
    starts: float
    ends: float
    text: str


class PhraseFound(Struct, frozen=True):
    """How often a phrase that the site listens for was said, by whom, and when first."""

    phrase: str
    party: str
    count: int
    first_at: float


class Analysis(Struct, frozen=True):
    """The seeds of an analysis: what can be counted of a transcript without understanding it."""

    seconds: float  # of the recording
    words: int
    talk_seconds: dict[str, float]  # by party
    talk_share: dict[str, float]  # percent by party of all that was spoken; empty where nobody spoke
    silence_seconds: float  # nobody spoke, for SILENCE_FROM seconds or longer
    silence_share: float | None  # percent of the recording
    longest_silence_seconds: float
    phrases: tuple[PhraseFound, ...] = ()


class Transcript(Struct, frozen=True):
    """A recording's transcript as it is stored with its call; the words themselves are in the bucket."""

    recording_id: str
    state: TranscriptState
    language: str  # as Amazon Transcribe names it, e.g. ru-RU
    why: str = ""
    key: str | None = None  # in the bucket, once done
    analysis: Analysis | None = None


class Spoken(Struct, frozen=True):
    """What is stored in the bucket: everything that was said, in the order it was begun."""

    language: str
    seconds: float
    segments: tuple[Segment, ...]
