"""JSON bodies into types; an error names the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chalicelib.errors import BadInput

T = TypeVar("T")


def decode(raw: bytes, shape: type[T]) -> T:
    """Read `raw` as JSON of `shape` (a msgspec Struct).

    Unknown fields are ignored; a wrong or missing one is named in the BadInput raised.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise _named(error, "") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput("body", "not valid JSON") from None


def convert(value: object, shape: type[T], field: str) -> T:
    """The same of JSON that is decoded already and stands at `field`, e.g. `rules[3]`: decoding cannot tell the 3."""
    try:
        return msgspec.convert(value, type=shape)
    except msgspec.ValidationError as error:
        raise _named(error, field) from None


def _named(error: msgspec.ValidationError, field: str) -> BadInput:
    reason, _, path = str(error).partition(" - at `$")
    name = f"{field}{path.rstrip('`')}".lstrip(".")
    if "missing required field" in reason:
        name = ".".join(part for part in (name, reason.split("`")[1]) if part)
    return BadInput(name or "body", reason)
