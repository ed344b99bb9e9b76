"""What a file is, by its first bytes: a header may say anything, and an error page may come with status 200. Pure."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_BYTES = 64 * 1024  # enough to look behind the tags at the start of an MP3
_MPEG_VERSIONS = (0, 2, 3)  # 2.5, 2 and 1; 1 is reserved
_LAYER_3 = 1
_MONO = 3


@dataclass(frozen=True, slots=True)
class Audio:
    """A format we store: its name is the file's extension and Amazon Transcribe's name of it."""

    format: str  # mp3, wav, ogg or m4a
    content_type: str
    channels: int | None  # None: the file has it further inside


def audio_of(head: bytes) -> Audio | None:
    """Return the format of the file that starts with `head`; None for anything but MP3, WAV, Ogg and M4A."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Audio("wav", "audio/wav", _wav_channels(head))
    if head[:4] == b"OggS":
        return Audio("ogg", "audio/ogg", _ogg_channels(head))
    if head[4:8] == b"ftyp" and head[8:11] in (b"M4A", b"mp4", b"iso", b"M4B"):
        return Audio("m4a", "audio/mp4", None)
    return _mp3(head)


def _wav_channels(head: bytes) -> int | None:
    start = head.find(b"fmt ", 12)
    return int.from_bytes(head[start + 10 : start + 12], "little") or None if start >= 0 else None


def _ogg_channels(head: bytes) -> int | None:
    """Return the channels by the first packet: Opus has them in its tenth byte, Vorbis in its twelfth."""
    for magic, offset in ((b"OpusHead", 9), (b"\x01vorbis", 11)):
        start = head.find(magic, 0, 256)
        if start >= 0 and len(head) > start + offset:
            return head[start + offset] or None
    return None


def _mp3(head: bytes) -> Audio | None:
    """Return the format by a frame's header, behind the ID3 tag and the padding if there are any."""
    start = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        size = 0
        for byte in head[6:10]:  # seven bits each
            size = size << 7 | byte & 0x7F
        start = 10 + size
    if start >= len(head) - 4:  # the tag is larger than what we look at: a picture, say
        return Audio("mp3", "audio/mpeg", None) if head[:3] == b"ID3" else None
    while start < len(head) and head[start] == 0:  # padding
        start += 1
    header = head[start : start + 4]
    if not _is_frame(header):
        return None
    return Audio("mp3", "audio/mpeg", 1 if header[3] >> 6 == _MONO else 2)


def _is_frame(header: bytes) -> bool:
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return False
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    return version in _MPEG_VERSIONS and layer == _LAYER_3 and bitrate not in (0, 15) and rate != 3
