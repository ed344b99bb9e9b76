"""One way to write a value as bytes, so that two copies have one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.core import clock
from chalicelib.core.structs import defaults_of


def personal_digest(personal: Mapping[str, Any], salt: bytes) -> str:
    """Return the digest of personal data. Without the salt, likely page addresses could be tried against it."""
    return sha256(salt + canonical(personal))


def canonical(value: Any) -> bytes:
    """Write JSON with sorted keys and no spaces: equal values, and only those, give equal bytes.

    A float is written with the fewest digits that read back as it. Raises TypeError for what JSON cannot hold.
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def stated_fields(value: Struct) -> dict[str, Any]:
    """Return a value's fields without those at their default: a field added later changes no digest made before."""
    defaults = defaults_of(type(value))
    return {name: each for name, each in asdict(value).items() if name not in defaults or each != defaults[name]}


def sha256(data: bytes) -> str:
    """Return 64 hex digits."""
    return _hash(data).hex()


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(each) for each in value]
    if isinstance(value, Struct):
        return {name: _plain(each) for name, each in asdict(value).items()}
    raise TypeError(f"{type(value).__name__} has no canonical form")
