"""Results in Amazon Transcribe's documented format (an invented call), with channels, with speakers, with neither."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.recordings.transcripts.talk_analysis import segments_of
from chalicelib.recordings.transcripts.transcribe_output import UnreadableTranscript, words_of
from tests.requests import FIXTURES

CHANNELS = (FIXTURES / "transcribe" / "channels.json").read_bytes()
SPEAKERS = (FIXTURES / "transcribe" / "speakers.json").read_bytes()
SAID = [
    "Алло, здравствуйте!",
    "Здравствуйте, магазин поддонов, Анна.",
    "Подскажите, сколько стоят деревянные поддоны, двадцать штук?",
    "Одну минуту, я проверю наличие.",
    "Да, есть. Цена двести сорок рублей за штуку.",
    "А доставку вы делаете?",
    "Да, доставка по Москве бесплатно.",
    "Хорошо, оформляем заказ.",
    "Спасибо за заказ! Всего доброго.",
]
TURNS = [0, 1, 0, 1, 1, 0, 1, 0, 1]  # who said it


def test_each_channel_is_a_party_by_who_rang() -> None:
    words = words_of(CHANNELS, customer_rang=True)
    segments = segments_of(words)
    assert [segment.text for segment in segments] == SAID
    assert [segment.party for segment in segments] == [("customer", "business")[turn] for turn in TURNS]
    assert (segments[0].starts, segments[0].ends) == (1.04, 2.2)
    outgoing = segments_of(words_of(CHANNELS, customer_rang=False))
    assert [segment.party for segment in outgoing] == [("business", "customer")[turn] for turn in TURNS]


@pytest.mark.parametrize("named_in_items", [True, False])
def test_speakers_in_one_channel_are_numbered_as_they_speak(named_in_items: bool) -> None:
    document = json.loads(SPEAKERS)
    if not named_in_items:  # as results were before 2021
        for item in document["results"]["items"]:
            del item["speaker_label"]
    segments = segments_of(words_of(json.dumps(document).encode(), customer_rang=True))
    assert [segment.text for segment in segments] == SAID
    assert [segment.party for segment in segments] == [f"speaker_{turn + 1}" for turn in TURNS]


def test_without_labels_it_is_known_what_was_said_but_not_by_whom() -> None:
    document = json.loads(SPEAKERS)
    del document["results"]["speaker_labels"]
    for item in document["results"]["items"]:
        del item["speaker_label"]
    words = words_of(json.dumps(document).encode(), customer_rang=True)
    assert {word.party for word in words} == {"unknown"}
    assert " ".join(word.text for word in words) == " ".join(SAID)


def test_a_call_nobody_spoke_in_has_no_words() -> None:
    silent = {"results": {"transcripts": [{"transcript": ""}], "items": []}}
    assert words_of(json.dumps(silent).encode(), customer_rang=True) == ()
    both: dict[str, Any] = {"channels": [{"channel_label": "ch_0", "items": []}], "number_of_channels": 2}
    silent["results"]["channel_labels"] = both  # type: ignore[assignment]
    assert words_of(json.dumps(silent).encode(), customer_rang=True) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"results": {"items": [{"type": "pronunciation"}]}}',
        b'{"results": {"items": [{"type": "pronunciation", "alternatives": [], "start_time": "a", "end_time": "b"}]}}',
        b"\xff\xfe",
    ],
)
def test_anything_else_is_said_to_be_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableTranscript):
        words_of(raw, customer_rang=True)
