"""Rows of plain files as facts, by the rules of the service itself. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.attribution.credit import Path, paths_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.callbacks import called_back
from chalicelib.calls.evidence import AttributedCall, EvidenceKind
from chalicelib.core.errors import BadInput
from chalicelib.deals.types import Deal
from chalicelib.registry.types import Site
from chalicelib.reports.fact_rows import Fact
from chalicelib.reports.facts.count_day import facts_of_day
from chalicelib.reports.plain.calls import answer_in, call_of
from chalicelib.reports.plain.cells import Cells, Reader
from chalicelib.reports.plain.deals import DealRow, deal_of
from chalicelib.reports.plain.inputs import Input
from chalicelib.reports.plain.join import CallsByCaller
from chalicelib.reports.spend.channel import spend_fact
from chalicelib.reports.spend.generic_csv import spend_row

SITE_ID = "files"


def counted(
    calls: Input, deals: Input, spend: Input, site: Site, key: bytes, rulebook: Rulebook
) -> dict[str, list[Fact]]:
    """All rows as facts by kind. `key` is of the callers' hashes; calls back are looked for in all of the file."""
    reader = Reader(site.zone, site.country, key)
    attributed = _calls(calls, reader)
    known = CallsByCaller(attributed)
    rows = _once(deals.parsed(lambda line, cells: _timed(deal_of(line, cells, reader), known)))
    own = {row.external_id: row.source for row in rows if row.source}
    reached = called_back((each.call for each in attributed), reader.zone)
    found = [
        facts_of_day(
            site, rulebook, day_calls, day_deals, known.first_call, paths=_paths, own_sources=own, reached=reached
        )
        for day_calls, day_deals in _by_day(attributed, [_deal(row, known, site) for row in rows])
    ]
    costs = spend.parsed(lambda line, cells: spend_fact(SITE_ID, spend_row(_texts(cells), site.currency), rulebook))
    return {
        "calls": [fact for day in found for fact in day.calls],
        "credits": [fact for day in found for fact in day.credits],
        "paths": [fact for day in found for fact in day.paths],
        "deals": [fact for day in found for fact in day.deals],
        "spend": [*costs],
    }


def _by_day(
    calls: Iterable[AttributedCall], deals: Iterable[Deal]
) -> Iterable[tuple[list[AttributedCall], list[Deal]]]:
    days: dict[date, tuple[list[AttributedCall], list[Deal]]] = defaultdict(lambda: ([], []))
    for attributed in calls:
        days[attributed.day][0].append(attributed)
    for deal in deals:
        days[deal.day][1].append(deal)
    return days.values()


def _calls(source: Input, reader: Reader) -> list[AttributedCall]:
    """Each call once: a repetition is rejected by name, so that no count is quietly wrong."""
    lines: dict[str, int] = {}

    def parse(line: int, cells: Cells) -> AttributedCall:
        call, evidence = call_of(line, cells, reader)
        if call.call_id in lines:
            raise BadInput("call_id", f"repeats line {lines[call.call_id]}")
        lines[call.call_id] = line
        day = call.started_at.astimezone(reader.zone).date()
        return AttributedCall(replace(call, site_id=SITE_ID), evidence, day, self_reported=answer_in(cells))

    return source.parsed(parse)


def _paths(attributed: AttributedCall, site: Site, rulebook: Rulebook) -> tuple[Path, ...]:
    """Return a call's paths: a row that names its source counts for it, for any kind of called number."""
    if attributed.evidence.touches:
        attributed = replace(attributed, evidence=replace(attributed.evidence, kind=EvidenceKind.LIVE))
    return paths_of(attributed, site, rulebook)


def _timed(row: DealRow, known: CallsByCaller) -> DealRow:
    """Give a deal without a time of its own its call's."""
    if row.outcome_at is not None:
        return row
    attributed, _ = known.of_deal(row)
    if attributed is None:
        raise BadInput("outcome_at", "is missing, and no call is found to take it from")
    return replace(row, outcome_at=attributed.call.started_at)


def _once(rows: Sequence[DealRow]) -> list[DealRow]:
    """Each deal with its latest outcome."""
    latest: dict[str, DealRow] = {}
    for row in rows:
        known = latest.get(row.external_id)
        if known is None or _moment(row) >= _moment(known):
            latest[row.external_id] = row
    return list(latest.values())


def _moment(row: DealRow) -> datetime:
    if row.outcome_at is None:
        raise ValueError("a deal was counted before it was given a time")
    return row.outcome_at


def _deal(row: DealRow, known: CallsByCaller, site: Site) -> Deal:
    attributed, joined_by = known.of_deal(row)
    outcome_at = _moment(row)
    return Deal(
        site_id=SITE_ID,
        source="file",
        external_id=row.external_id,
        outcome_at=outcome_at,
        status=row.status,
        amount=row.amount or Decimal(0),
        gross_profit=row.gross_profit,
        currency=row.currency or site.currency,
        manager=row.manager,
        quality=row.quality,
        promo_code=None,
        caller_key=attributed.call.caller_key if attributed else row.caller_key,
        call_id=attributed.call.call_id if attributed else None,
        day=attributed.day if attributed else site.day_of(outcome_at),
        joined_by=joined_by,
        self_reported=row.self_reported,
    )


def _texts(cells: Cells) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in cells.items()}
