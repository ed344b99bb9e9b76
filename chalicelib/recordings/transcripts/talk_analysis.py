"""What can be counted of a transcript: who talked how much, how long the silence was, which phrases were said. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.calls.transcript import Analysis, Segment, Word
from chalicelib.recordings.transcripts.phrases import find_phrases

PAUSE = 1.0  # seconds of rest that end an utterance; shorter ones are within it
SILENCE_FROM = 2.0  # seconds without a word that count as silence

Span = tuple[float, float]


def analyse(words: Sequence[Word], seconds: float, phrases: Sequence[str] = ()) -> Analysis:
    """Count a transcript. `seconds` is the recording's length; what was said after it makes it longer.

    A party talks from the first to the last word of an utterance: words less than PAUSE apart. Two who talk at once
    both talk, so talk seconds may sum to more than the recording; the shares are of their sum.
    """
    length = max([seconds, *(word.ends for word in words)])
    parties = sorted({word.party for word in words})
    talk = {party: _total(_joined(_spans(words, party), PAUSE)) for party in parties}
    spoken = sum(talk.values())
    silences = _silences(_joined(_spans(words, None), 0), length)
    silence = sum(silences)
    return Analysis(
        seconds=round(length, 2),
        words=len(words),
        talk_seconds={party: round(value, 2) for party, value in talk.items()},
        talk_share={party: round(value / spoken * 100, 1) for party, value in talk.items()} if spoken else {},
        silence_seconds=round(silence, 2),
        silence_share=round(silence / length * 100, 1) if length else None,
        longest_silence_seconds=round(max(silences, default=0.0), 2),
        phrases=find_phrases(words, phrases),
    )


def segments_of(words: Sequence[Word]) -> tuple[Segment, ...]:
    """Return the words as a conversation: a new segment where another party speaks, or the same one after a pause."""
    segments: list[Segment] = []
    for word in sorted(words, key=lambda each: (each.starts, each.ends)):
        last = segments[-1] if segments else None
        if last and last.party == word.party and word.starts - last.ends < PAUSE:
            segments[-1] = Segment(last.party, last.starts, max(last.ends, word.ends), f"{last.text} {word.text}")
        else:
            segments.append(Segment(word.party, word.starts, word.ends, word.text))
    return tuple(segments)


def _spans(words: Sequence[Word], party: str | None) -> list[Span]:
    return sorted((word.starts, word.ends) for word in words if party is None or word.party == party)


def _joined(spans: list[Span], gap: float) -> list[Span]:
    """Join spans that overlap or are less than `gap` seconds apart."""
    joined: list[Span] = []
    for starts, ends in spans:
        if joined and (starts <= joined[-1][1] or starts - joined[-1][1] < gap):
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((starts, ends))
    return joined


def _silences(spans: list[Span], length: float) -> list[float]:
    """Return the gaps before, between and after the spans that are long enough to be silence, in seconds."""
    starts = [*(span[0] for span in spans), length]
    ends = [0.0, *(span[1] for span in spans)]
    gaps = (start - end for start, end in zip(starts, ends, strict=True))
    return [gap for gap in gaps if gap >= SILENCE_FROM]


def _total(spans: list[Span]) -> float:
    return sum(ends - starts for starts, ends in spans)
