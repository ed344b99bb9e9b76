"""What is stored of a page view, and the source it came from."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Source(Struct, frozen=True):
    """Where a touch came from, classified. Empty strings where the URL does not say."""

    channel: str  # a key of visits.channels.CHANNELS, or a channel that the account named
    source: str  # utm_source, search engine, network or referring host
    medium: str
    campaign: str  # id or name as utm_campaign gives it
    keyword: str
    creative: str  # utm_content / ad id
    click_id: str | None = None  # "gclid=…", kept for sending conversions back


class Touch(Struct, frozen=True):
    """One arrival of a visitor: as seen (url, referrer, region) and as classified (source)."""

    at: datetime
    url: str
    referrer: str
    region: str
    source: Source
