"""JSON bodies into types; an error names the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chalicelib.core.errors import BadInput

T = TypeVar("T")


def decode(raw: bytes, shape: type[T]) -> T:
    """Read `raw` as JSON of `shape` (a msgspec Struct).

    Unknown fields are ignored. Raises BadInput naming a wrong or missing one, without repeating its value.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        name = path.rstrip("`").lstrip(".")
        if reason.startswith("Invalid "):  # "Invalid enum value '+7916…'": any field may hold a person's number
            reason = "not one of the values it may have"
        if not name and "missing required field" in reason:
            name = reason.split("`")[1]
        elif "missing required field" in reason:
            name = f"{name}.{reason.split('`')[1]}"
        raise BadInput(name or "body", reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput("body", "not valid JSON") from None
