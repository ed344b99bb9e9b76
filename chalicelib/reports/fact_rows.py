"""What is counted, a row a call, credit, step, contact, deal or day's spend: the columns of the Parquet files. Pure.

A credit repeats what the figures need of its call, so that a report under any model is one scan without a join.
Only incoming calls have credits. Field names, types and order are the files' schema: `SCHEMAS` gives DuckDB's types.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from chalicelib.visits.types import Source


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call, either direction. Day, hour (0 to 23) and weekday (1 = Monday) are the site's, `started_at` is UTC."""

    site_id: str
    call_id: str
    started_at: datetime
    day: date
    hour: int
    weekday: int
    direction: str
    number: str
    pool_id: str
    evidence: str
    caller_key: str | None  # None: withheld
    caller_masked: str
    status: str
    answered: bool
    missed: bool
    target: bool
    called_back: bool
    talk_seconds: int
    ring_seconds: int | None
    quality: Decimal | None
    region: str
    manager: str
    visitor: str
    overflow: bool  # the pool's shared number was called
    wait_seconds: int | None  # till somebody talked, else till the end
    end_missing: bool  # closed by the clock: no carrier reported its end
    self_reported: str | None  # what the caller said: a channel, or `other: ` and the words; None: not asked


@dataclass(frozen=True, slots=True)
class CreditFact:
    """One source's part of an incoming call under one model. The weights of a call and model sum to exactly 1.

    Where several visitors may have called, `share` is the candidate's part of the call and `weight` is within it.
    """

    site_id: str
    call_id: str
    day: date
    model: str
    channel: str
    source: str
    medium: str
    campaign: str
    keyword: str
    creative: str
    region: str
    landing_page: str
    weight: Decimal
    caller_key: str | None
    number: str
    hour: int
    weekday: int
    manager: str
    missed: bool
    target: bool
    called_back: bool
    talk_seconds: int
    quality: Decimal | None
    candidate: int
    share: Decimal
    self_reported: str | None  # beside the source, which it never changes


@dataclass(frozen=True, slots=True)
class PathFact:
    """One touch of one possible caller of an incoming call: all that a model needs, so that any model can be asked.

    A call to a static number is a step at the moment of that call; the overflow number and unknown are paths of one
    step.
    """

    site_id: str
    call_id: str
    day: date
    candidate: int
    share: Decimal
    position: int  # oldest first
    came_at: datetime
    direct: bool
    channel: str
    source: str
    medium: str
    campaign: str
    keyword: str
    creative: str
    region: str
    landing_page: str


@dataclass(frozen=True, slots=True)
class ContactFact:
    """One source's part, under one model, of what a visitor did on the page.

    The weights of a contact and model sum to exactly 1; a contact is no call, and is never added to any.
    """

    site_id: str
    contact_id: str
    day: date
    model: str
    channel: str
    source: str
    medium: str
    campaign: str
    keyword: str
    creative: str
    region: str
    landing_page: str
    weight: Decimal
    kind: str
    form: str
    hour: int
    weekday: int


@dataclass(frozen=True, slots=True)
class ContactPathFact:
    """One touch that had brought a visitor before a contact, as PathFact is for a call: any model can be computed."""

    site_id: str
    contact_id: str
    day: date
    candidate: int  # 0: who did it is known
    share: Decimal
    position: int  # oldest first
    came_at: datetime
    direct: bool
    channel: str
    source: str
    medium: str
    campaign: str
    keyword: str
    creative: str
    region: str
    landing_page: str


@dataclass(frozen=True, slots=True)
class DealFact:
    """One CRM card on the day of its call or contact. The source columns count only where it comes from neither."""

    site_id: str
    source: str
    external_id: str
    call_id: str | None
    day: date
    outcome_at: datetime
    status: str
    won: bool
    amount: Decimal | None
    gross_profit: Decimal | None
    currency: str
    manager: str
    quality: int | None
    caller_key: str | None
    first_call_at: datetime | None
    own_channel: str
    own_source: str
    own_medium: str
    own_campaign: str
    own_keyword: str
    own_creative: str
    self_reported: str | None  # what the customer said; with a call, the call's fact has what counts
    contact_id: str | None  # where it comes from a contact and not from a call


@dataclass(frozen=True, slots=True)
class SpendFact:
    """What one day of one advertisement cost."""

    site_id: str
    day: date
    channel: str
    source: str
    medium: str
    campaign: str
    campaign_name: str
    keyword: str
    creative: str
    cost: Decimal
    currency: str
    clicks: int | None
    impressions: int | None


def columns_of(source: Source) -> dict[str, str]:
    """Return the columns that name a source."""
    return {
        "channel": source.channel,
        "source": source.source,
        "medium": source.medium,
        "campaign": source.campaign,
        "keyword": source.keyword,
        "creative": source.creative,
    }


Fact = CallFact | CreditFact | PathFact | ContactFact | ContactPathFact | DealFact | SpendFact

_COLUMN_TYPES = {
    "str": "VARCHAR",
    "str | None": "VARCHAR",
    "int": "INTEGER",
    "int | None": "INTEGER",
    "bool": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "datetime | None": "TIMESTAMP",
    "Decimal": "DECIMAL(18,2)",
    "Decimal | None": "DECIMAL(18,2)",
}
_OWN_TYPES = {
    **dict.fromkeys(("weight", "share"), "DECIMAL(9,8)"),
    **dict.fromkeys(("clicks", "impressions"), "BIGINT"),
    "quality": "DECIMAL(4,2)",
}


def _schema(shape: type[Fact]) -> dict[str, str]:
    # __annotations__ are text in this module, and their order is the columns' order
    return {name: _OWN_TYPES.get(name) or _COLUMN_TYPES[str(kind)] for name, kind in shape.__annotations__.items()}


SCHEMAS: dict[str, dict[str, str]] = {
    "calls": _schema(CallFact),
    "credits": _schema(CreditFact),
    "paths": _schema(PathFact),
    "contacts": _schema(ContactFact),
    "contact_paths": _schema(ContactPathFact),
    "deals": _schema(DealFact),
    "spend": _schema(SpendFact),
}
