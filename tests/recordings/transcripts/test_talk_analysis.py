from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls.transcript import PhraseFound, Word
from chalicelib.recordings.transcripts.talk_analysis import SILENCE_FROM, analyse, segments_of
from chalicelib.recordings.transcripts.transcribe_output import words_of
from tests.recordings.transcripts.test_transcribe_output import CHANNELS

WORDS = st.builds(
    lambda party, starts, length: Word(party, starts / 100, (starts + length) / 100, "слово"),
    st.sampled_from(["customer", "business"]),
    st.integers(0, 30_000),
    st.integers(1, 300),
)


def word(party: str, starts: float, ends: float, text: str = "да") -> Word:
    return Word(party, starts, ends, text)


def test_a_whole_call_is_counted() -> None:
    words = words_of(CHANNELS, customer_rang=True)
    counted = analyse(words, 44, ["доставка", "скидка", "деревянный поддон", "заказ"])
    assert (counted.seconds, counted.words) == (44, 43)
    assert list(counted.talk_seconds) == ["business", "customer"]
    assert counted.talk_share["business"] + counted.talk_share["customer"] == 100
    assert (counted.talk_share["business"], counted.talk_seconds["business"]) == (59.5, 12.0)
    # While the agent looked it up, from 11.54 to 24.80; and from the last word, at 37.29, to the end of the recording.
    assert counted.longest_silence_seconds == 13.26
    assert (counted.silence_seconds, counted.silence_share) == (19.97, 45.4)
    assert counted.phrases == (
        PhraseFound("доставка", "business", 1, 30.92),
        PhraseFound("доставка", "customer", 1, 29.11),
        PhraseFound("деревянный поддон", "customer", 1, 6.81),
        PhraseFound("заказ", "business", 1, 35.92),
        PhraseFound("заказ", "customer", 1, 34.35),
    )


def test_an_utterance_reaches_over_short_rests() -> None:
    counted = analyse([word("customer", 0, 1), word("customer", 1.9, 2), word("customer", 3, 4)], 4)
    assert counted.talk_seconds == {"customer": 3}


def test_who_talk_at_once_both_talk_and_are_not_silent() -> None:
    counted = analyse([word("customer", 0, 6), word("business", 4, 10)], 10)
    assert counted.talk_seconds == {"business": 6, "customer": 6}
    assert counted.talk_share == {"business": 50, "customer": 50}
    assert (counted.silence_seconds, counted.silence_share) == (0, 0)


def test_silence_is_what_lasts() -> None:
    counted = analyse([word("customer", 2, 3), word("business", 4.9, 5), word("customer", 8, 9)], 20)
    assert (counted.silence_seconds, counted.longest_silence_seconds) == (2 + 3 + 11, 11)
    assert counted.silence_share == 80


def test_a_call_nobody_spoke_in_is_all_silence() -> None:
    counted = analyse([], 30, ["заказ"])
    assert (counted.words, counted.talk_share, counted.silence_share, counted.phrases) == (0, {}, 100, ())
    assert analyse([], 0).silence_share is None


def test_what_was_said_makes_the_recording_as_long_as_it_was() -> None:
    assert analyse([word("customer", 50, 51)], 0).seconds == 51


def test_a_conversation_is_shown_in_turns() -> None:
    words = [word("b", 2, 3, "Алло?"), word("a", 0, 1, "Добрый"), word("a", 1.1, 1.5, "день"), word("a", 9, 9.5, "Эй")]
    assert [(each.party, each.text) for each in segments_of(words)] == [
        ("a", "Добрый день"),
        ("b", "Алло?"),
        ("a", "Эй"),
    ]


@given(st.lists(WORDS, max_size=30), st.floats(0, 400))
def test_shares_and_silence_stay_within_their_bounds(words: list[Word], seconds: float) -> None:
    counted = analyse(words, seconds)
    assert 0 <= counted.silence_seconds <= counted.seconds + 0.01
    assert counted.longest_silence_seconds <= counted.silence_seconds + 0.01
    assert counted.longest_silence_seconds == 0 or counted.longest_silence_seconds >= SILENCE_FROM - 0.01
    assert not words or abs(sum(counted.talk_share.values()) - 100) <= 0.1
    assert all(0 < talk <= counted.seconds + 0.01 for talk in counted.talk_seconds.values())
    assert sum(len(segment.text.split()) for segment in segments_of(words)) == len(words)
