"""One row of spend of any platform, and what names it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.errors import BadInput

Read = Iterator[tuple[int, "SpendRow | BadInput"]]
"""What a source's `read` yields: the line in the file, and its row or what is wrong with it."""


class SpendRow(Struct, frozen=True):
    """What one advertisement and keyword cost on one day."""

    day: date
    source: str
    medium: str
    channel: str  # as the file names it; empty: it follows from source and medium
    campaign_id: str
    campaign_name: str
    ad_id: str
    keyword: str
    currency: str
    cost: Decimal
    clicks: int | None = None
    impressions: int | None = None

    @property
    def campaign(self) -> str:
        """What calls are compared by: the id, or the name of what has no id (a billboard, wages)."""
        return self.campaign_id or self.campaign_name

    @property
    def natural_key(self) -> tuple[str, ...]:
        """Return the row's key: two rows with the same key are the same money."""
        named = (self.source, self.medium, self.channel, self.campaign, self.ad_id, self.keyword, self.currency)
        return (self.day.isoformat(), *named)

    @property
    def key_hash(self) -> str:
        """The natural key in 32 hex digits."""
        return hashlib.sha256("\x1f".join(self.natural_key).encode()).hexdigest()[:32]


def summed(rows: Iterable[SpendRow]) -> dict[tuple[str, ...], SpendRow]:
    """Rows by natural key; rows of one file with the same key add up."""
    found: dict[tuple[str, ...], SpendRow] = {}
    for row in rows:
        known = found.get(row.natural_key)
        found[row.natural_key] = row if known is None else _plus(known, row)
    return found


def _plus(one: SpendRow, other: SpendRow) -> SpendRow:
    return replace(
        one,
        cost=one.cost + other.cost,
        clicks=_sum(one.clicks, other.clicks),
        impressions=_sum(one.impressions, other.impressions),
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def text_of(row: Mapping[str, str], field: str) -> str:
    """Return a cell with its blanks made single; empty where there is none."""
    return " ".join(row.get(field, "").split())
