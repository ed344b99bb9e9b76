"""Count a past period again as if something had been set otherwise, and report only what would differ.

Nothing is written: published reports and facts stay what they are. Another model, look-back or repeat rule is computed
from the evidence by the code that closes a day; another hold or pool size by the formula pools are sized by, since
nobody can know which visitor would have called.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from msgspec.structs import replace

from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.types import Direction
from chalicelib.pool.lending import census_table
from chalicelib.pool.statistics.what_if_size import OtherSize, other_size
from chalicelib.registry.types import Pool, RepeatRule, Site
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.fact_rows import SCHEMAS
from chalicelib.reports.facts import parquet, read_day
from chalicelib.reports.facts.read_day import DayEvidence
from chalicelib.reports.figures.report import Table
from chalicelib.reports.what_if.changed_rules import (
    ChangedCall,
    ChangedRank,
    ChangedRow,
    changed_call,
    changed_ranks,
    changed_rows,
)

COMPARED = ("channel", "campaign")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would have been set otherwise; None: as it is."""

    model: str | None = None  # canonical spec
    lookback_days: int | None = None
    repeat_rule: RepeatRule | None = None
    hold_seconds: int | None = None
    numbers: int | None = None

    def of_site(self, site: Site) -> Site:
        """Return the site as it would have been."""
        return replace(
            site,
            model=self.model or site.model,
            lookback_days=self.lookback_days or site.lookback_days,
            repeat_rule=self.repeat_rule or site.repeat_rule,
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """What differs; all empty where nothing does."""

    calls_counted: int
    calls: tuple[ChangedCall, ...]
    rows: tuple[ChangedRow, ...]
    ranking: tuple[ChangedRank, ...]  # of campaigns, by ROMI, else ROI


def replay(site: Site, first_day: date, last_day: date, what_if: WhatIf, now: datetime) -> Replayed:
    """Count the days from `first_day` to `last_day` twice: as the site is set now, and as `what_if` says.

    Raises StorageUnavailable.
    """
    other, rulebook = what_if.of_site(site), load_rulebook(site, now)
    calls: list[ChangedCall] = []
    counted = 0
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        sides = (_Side(site, Path(folder) / "before"), _Side(other, Path(folder) / "after"))
        for day in _days(first_day, last_day):
            evidence = read_day.read(site.site_id, day)
            for side in sides:
                side.add(evidence, rulebook)
            found = _changed_calls(evidence, site, other, rulebook)
            counted += sum(call.call.direction is Direction.IN for call in evidence.calls)
            calls += found
        before, after = (side.tables(first_day, last_day, now) for side in sides)
    rows = [row for by in COMPARED for row in changed_rows(before[by], after[by])]
    ranking = changed_ranks(before["campaign"], after["campaign"])
    return Replayed(counted, tuple(calls), tuple(rows), tuple(ranking))


def replay_pool(site: Site, pool: Pool, first_day: date, last_day: date, what_if: WhatIf) -> OtherSize | None:
    """Return the pool of those days with another hold or number of numbers; None where the census counted nothing."""
    zone = site.zone
    since, until = (datetime.combine(day, time(), zone) for day in (first_day, last_day + timedelta(days=1)))
    minutes = census_table.minutes(pool.pool_id, since, until)
    return other_size(minutes, zone, pool.hold_seconds, hold=what_if.hold_seconds, numbers=what_if.numbers)


class _Side:
    """One count of the period: its facts as files, as a report reads them."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._paths: dict[str, list[Path]] = {kind: [] for kind in SCHEMAS}
        folder.mkdir()

    def add(self, evidence: DayEvidence, rulebook: Rulebook) -> None:
        for kind, facts in read_day.facts_of(evidence, self._site, rulebook).items():
            path = self._folder / f"{kind}-{evidence.day}.parquet"
            parquet.write(path, kind, facts)
            self._paths[kind].append(path)

    def tables(self, first_day: date, last_day: date, now: datetime) -> dict[str, Table]:
        site = self._site
        order = Order(
            site_id=site.site_id,
            site_name=site.name,
            first_day=first_day,
            last_day=last_day,
            model=site.model,
            currency=site.currency,
            time_zone=site.time_zone,
            groupings=COMPARED,
        )
        return dict(compose(parquet.FactFiles(self._paths), order, now, self._folder).tables)


def _changed_calls(evidence: DayEvidence, site: Site, other: Site, rulebook: Rulebook) -> list[ChangedCall]:
    found = []
    for attributed in evidence.calls:
        call = attributed.call
        if call.direction is Direction.IN:
            before, after = credit_of(attributed, site, rulebook), credit_of(attributed, other, rulebook)
            found.append(changed_call(call.call_id, call.started_at, before, after))
    return [each for each in found if each is not None]


def _days(first_day: date, last_day: date) -> Iterable[date]:
    return (first_day + timedelta(days=place) for place in range((last_day - first_day).days + 1))
