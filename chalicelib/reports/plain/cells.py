"""Cells of a row, by any of their names, and what the files themselves do not say. Pure.

Cells of CSV are text; values of JSON may be numbers, lists and objects.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from chalicelib.core import clock
from chalicelib.core.phone import parse_caller

Cells = Mapping[str, Any]

WITHHELD = frozenset({"", "anonymous", "withheld", "restricted", "private", "unknown", "unavailable"})
_LOCAL_TIMES = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_EPOCH = re.compile(r"\d{9,11}(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Reader:
    """What the files themselves do not say: the zone of times without one, the country of numbers without a prefix."""

    zone: tzinfo
    country: str
    key: bytes  # of the callers' hashes: any, the same for calls and deals

    def moment(self, value: Any, *, field: str) -> datetime:
        """ISO 8601 with or without a zone, `22.11.2026 12:55`, or seconds since 1970; aware UTC."""
        text = str(value).strip()
        if _EPOCH.fullmatch(text):
            return clock.from_epoch(float(text), field=field)
        local = _local(text)
        if local is not None and local.tzinfo is None:
            return local.replace(tzinfo=self.zone).astimezone(UTC)
        return clock.parse_time(text, field=field)

    def caller_key(self, text: str) -> str | None:
        """Return what a caller is recognised by: their number in any spelling, or any name the file gives them."""
        if text.lower() in WITHHELD:
            return None
        phone = parse_caller(text, country=self.country)
        return phone.keyed_hash(self.key) if phone else hmac.new(self.key, text.encode(), "sha256").hexdigest()[:32]


def text_of(cells: Cells, field: str, others: Mapping[str, Iterable[str]] | None = None) -> str:
    """Return the first filled of a field's names as text; empty where none is."""
    for name in (field, *(others or {}).get(field, ())):
        value = cells.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    return ""


def _local(text: str) -> datetime | None:
    for form in _LOCAL_TIMES:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - a local time, whose zone the reader knows
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
