"""Amazon Transcribe's result as words: with channels, with speaker labels, or with neither."""

from __future__ import annotations

import msgspec

from chalicelib.calls.transcript import Word

PARTIES = {True: ("customer", "business"), False: ("business", "customer")}  # by channel; True: the customer rang
UNKNOWN = "unknown"
PUNCTUATION = "punctuation"


class UnreadableTranscript(Exception):
    """The result is not what Amazon Transcribe documents."""


class _Alternative(msgspec.Struct):
    content: str = ""


class _Item(msgspec.Struct):
    type: str
    alternatives: list[_Alternative]
    start_time: str | None = None
    end_time: str | None = None
    speaker_label: str | None = None
    channel_label: str | None = None


class _Channel(msgspec.Struct):
    channel_label: str
    items: list[_Item] = []


class _Channels(msgspec.Struct):
    channels: list[_Channel] = []


class _Span(msgspec.Struct):
    start_time: str
    speaker_label: str = ""


class _SpeakerSegment(msgspec.Struct):
    items: list[_Span] = []


class _Speakers(msgspec.Struct):
    segments: list[_SpeakerSegment] = []


class _Results(msgspec.Struct):
    items: list[_Item] = []
    channel_labels: _Channels | None = None
    speaker_labels: _Speakers | None = None


class _Document(msgspec.Struct):
    results: _Results


def words_of(raw: bytes, *, customer_rang: bool) -> tuple[Word, ...]:
    """Return all words in the order they begin. Raises UnreadableTranscript.

    Of two channels the first is the line that rang, so the parties are known. Speakers in one channel are
    only numbered in the order they first speak.
    """
    try:
        results = msgspec.json.decode(raw, type=_Document).results
        words = _of_channels(results, customer_rang) if results.channel_labels else _of_speakers(results)
    except (msgspec.DecodeError, ValueError) as error:
        raise UnreadableTranscript(str(error)) from None
    return tuple(sorted(words, key=lambda word: (word.starts, word.ends)))


def _of_channels(results: _Results, customer_rang: bool) -> list[Word]:
    names = PARTIES[customer_rang]
    words: list[Word] = []
    for channel in results.channel_labels.channels if results.channel_labels else ():
        number = channel.channel_label.rpartition("_")[2]
        party = names[int(number)] if number in ("0", "1") else UNKNOWN
        words += _words(channel.items, [party] * len(channel.items))
    return words


def _of_speakers(results: _Results) -> list[Word]:
    """Return the words by speaker. In newer results a word has its speaker, in older ones the list of labels has."""
    spans = (span for segment in (results.speaker_labels or _Speakers()).segments for span in segment.items)
    labels = {span.start_time: span.speaker_label for span in spans}
    order: dict[str, str] = {}

    def party(item: _Item) -> str:
        label = item.speaker_label or labels.get(item.start_time or "", "")
        return order.setdefault(label, f"speaker_{len(order) + 1}") if label else UNKNOWN

    return _words(results.items, [party(item) for item in results.items])


def _words(items: list[_Item], parties: list[str]) -> list[Word]:
    """Return items as words, each with its party; punctuation goes to the word before it."""
    words: list[Word] = []
    for item, party in zip(items, parties, strict=True):
        text = item.alternatives[0].content if item.alternatives else ""
        if item.type == PUNCTUATION:
            if words:
                last = words[-1]
                words[-1] = Word(last.party, last.starts, last.ends, last.text + text)
        elif item.start_time is not None and item.end_time is not None:
            words.append(Word(party, float(item.start_time), float(item.end_time), text))
    return words
