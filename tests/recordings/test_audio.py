from __future__ import annotations

import pytest

from chalicelib.recordings.audio import Audio, audio_of
from tests.fakes.carrier_server import HTML, id3, mp3, wav

OPUS = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x02" + bytes(9)
VORBIS = b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(4) + b"\x01" + bytes(18)
MPEG2_MONO = bytes([0xFF, 0xF3, 0x40, 0xC4]) + bytes(100)  # 8 kHz telephone MP3 is MPEG 2 or 2.5
MPEG25_MONO = bytes([0xFF, 0xE3, 0x18, 0xC4]) + bytes(100)


@pytest.mark.parametrize(
    ("head", "kind", "channels"),
    [
        (wav(channels=1), "wav", 1),
        (wav(channels=2), "wav", 2),
        (mp3(), "mp3", 1),
        (mp3(mono=False), "mp3", 2),
        (MPEG2_MONO, "mp3", 1),
        (MPEG25_MONO, "mp3", 1),
        (mp3(tag=id3(500)), "mp3", 1),
        (mp3(mono=False, tag=id3(500) + bytes(64)), "mp3", 2),
        (id3(200_000)[: 64 * 1024], "mp3", None),
        (OPUS, "ogg", 2),
        (VORBIS, "ogg", 1),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "m4a", None),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "m4a", None),
    ],
)
def test_audio_is_known_by_its_first_bytes(head: bytes, kind: str, channels: int | None) -> None:
    audio = audio_of(head)
    assert audio is not None
    assert (audio.format, audio.channels) == (kind, channels)
    assert audio.content_type.startswith("audio/")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        HTML,
        b'{"status":"error"}',
        b"\xff\xfe<\x00h\x00t\x00m\x00l\x00",  # UTF-16 begins like a frame, almost
        b"\xff\xff\xff\xff",
        b"\xff\xfb\xf0\xc4" + bytes(10),  # a bitrate there cannot be
        b"\xff\xfb\x9c\xc4" + bytes(10),  # nor such a rate
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\x89PNG\r\n\x1a\n",
        b"MZ\x90\x00",
        bytes(1000),
        id3(100) + HTML,
    ],
)
def test_anything_else_is_none(head: bytes) -> None:
    assert audio_of(head) is None


def test_a_truncated_header_is_no_error() -> None:
    for whole in (wav(), mp3(tag=id3(20)), OPUS, VORBIS):
        for length in range(60):
            found = audio_of(whole[:length])
            assert found is None or isinstance(found, Audio)
