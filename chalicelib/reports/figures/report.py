"""A report as a value: what every layout is given. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from chalicelib.reports.figures.formulas import Figures
from chalicelib.reports.figures.self_reported_comparison import Comparison

# Grouping → the dimensions that name its rows. A second dimension is nested: its shares are of its parent.
GROUPINGS: dict[str, tuple[str, ...]] = {
    "channel": ("channel",),
    "campaign": ("campaign",),
    "keyword": ("keyword",),
    "campaign_keyword": ("campaign", "keyword"),
    "creative": ("creative",),
    "number": ("number",),
    "region": ("region",),
    "hour": ("weekday", "hour"),
    "manager": ("manager",),
    "self_reported": ("self_reported",),
}
NESTED = frozenset({"campaign_keyword"})
CONTACT_GROUPINGS = ("channel", "campaign", "keyword")  # of contacts, where calls have them too
BOUNDS = ("calls_low", "calls_high")  # what files call a row's interval


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its values of the grouping's dimensions, its name if it has one, its figures."""

    key: tuple[str, ...]
    figures: Figures
    name: str = ""  # e.g. the campaign's name beside its id
    interval: tuple[Decimal, Decimal] | None = None  # of `calls`, 95 %; None where no call of the row is in doubt


@dataclass(frozen=True, slots=True)
class Table:
    """One grouping: rows, most calls first, and the total, which is computed from the calls."""

    by: str
    rows: tuple[Row, ...]
    total: Figures

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that name a row."""
        return GROUPINGS[self.by]

    @property
    def bounds(self) -> tuple[str, ...]:
        """The columns of the interval, where any row has one."""
        return BOUNDS if any(row.interval for row in self.rows) else ()


@dataclass(frozen=True, slots=True)
class ContactRow:
    """How often visitors of one source did what, by kind of contact: sums of credit, as a row's calls are."""

    key: tuple[str, ...]
    counts: Mapping[str, Decimal]
    name: str = ""


@dataclass(frozen=True, slots=True)
class ContactTable:
    """What visitors did besides calling, by one grouping. It is shown beside the calls and never added to them."""

    by: str
    rows: tuple[ContactRow, ...]  # most contacts first
    total: Mapping[str, Decimal]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that name a row."""
        return GROUPINGS[self.by]


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of the call list. `started_at` is in the site's zone; the source is the heaviest credit's."""

    started_at: datetime
    call_id: str
    caller: str  # masked
    number: str
    status: str
    answered: bool
    target: bool
    called_back: bool
    talk_seconds: int
    channel: str
    source: str
    campaign: str
    keyword: str
    creative: str
    region: str
    manager: str
    evidence: str
    self_reported: str  # what the caller said, beside what was measured; empty where they were not asked


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report was counted under, beside its model: the same basis and the same evidence give the same figures."""

    book: str  # digest of the account's channel rules and campaigns
    proved_by: int | None  # the last entry of the site's chain of proofs when it was counted; None: there was none
    chain_head: str | None  # that entry's digest


@dataclass(frozen=True, slots=True)
class Report:
    """One site, one period, one model."""

    site_id: str
    site_name: str
    first_day: date
    last_day: date  # included
    model: str
    currency: str
    time_zone: str
    generated_at: datetime
    tables: Mapping[str, Table]
    accuracy: Decimal | None  # percent
    calls: tuple[CallLine, ...]
    calls_left_out: int = 0  # older calls that the list has no room for
    basis: Basis | None = None  # None: counted from plain files
    comparison: Comparison | None = None  # of what was measured with what callers said; None: nobody was asked
    contacts: Mapping[str, ContactTable] = field(default_factory=dict)  # empty where there were none

    @property
    def total(self) -> Figures:
        """The figures of all calls of the period: the same in every table."""
        return next(iter(self.tables.values())).total
