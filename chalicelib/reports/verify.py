"""Check what was published against what it rests on: the chain of proofs, each day's evidence, each day's figures.

Nothing is repaired and nothing written. Findings are sentences, the first difference of each kind and day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.audit import chain_table
from chalicelib.audit.hash_chain import ChainEntry, broken_link, first_difference, root_of
from chalicelib.calls import changed_days_table
from chalicelib.core.errors import NotFound
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.reports.fact_rows import SCHEMAS, Fact
from chalicelib.reports.facts import facts_bucket, parquet, read_day
from chalicelib.reports.facts.read_day import DayEvidence

IDS = {  # the columns that identify a row of a kind
    "calls": ("call_id",),
    "credits": ("call_id", "model", "candidate", "channel", "source", "medium", "campaign", "keyword", "creative"),
    "paths": ("call_id", "candidate", "position"),
    "contacts": ("contact_id", "model", "channel", "source", "medium", "campaign", "keyword", "creative"),
    "contact_paths": ("contact_id", "candidate", "position"),
    "deals": ("source", "external_id"),
    "spend": ("source", "campaign", "keyword", "creative"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong, in words; nothing wrong where `findings` is empty."""

    days: int  # checked
    entries: int  # of the chain
    head: str | None  # digest of the chain's last entry: who wrote it down elsewhere can compare
    waiting: tuple[date, ...]  # days that changed and are yet to be closed: only their chain was checked
    findings: tuple[str, ...]


def verify(site_id: str, first_day: date, last_day: date, now: datetime) -> Verdict:
    """Check a site's chain, and its days from `first_day` to `last_day`. Raises NotFound, StorageUnavailable."""
    site = snapshot.site_by_id(site_id, now)
    if site is None:
        raise NotFound("No such site.")
    chain = chain_table.entries(site_id)
    latest = {entry.day: entry for entry in chain}
    waiting = {changed.day for changed in changed_days_table.changed_days() if changed.site_id == site_id}
    asked = [first_day + timedelta(days=place) for place in range((last_day - first_day).days + 1)]
    checked = [day for day in asked if day in latest and day not in waiting]
    findings = list(_chain_findings(chain))
    for day in checked:
        findings += _day_findings(site, latest[day], now)
    head = chain[-1].digest if chain else None
    return Verdict(len(checked), len(chain), head, tuple(day for day in asked if day in waiting), tuple(findings))


def _chain_findings(chain: Sequence[ChainEntry]) -> Iterator[str]:
    broken = broken_link(chain)
    if broken:
        yield f"The chain is broken: {broken}."
    for entry in chain:
        kept = chain_table.entry_in_bucket(entry)
        if kept is None:
            yield f"Entry {entry.sequence} of the chain is not in the bucket."
        elif kept != entry:
            yield f"Entry {entry.sequence} of the chain is another in the bucket than in the table."
        else:
            continue
        return


def _day_findings(site: Site, entry: ChainEntry, now: datetime) -> Iterator[str]:
    evidence = read_day.read(site.site_id, entry.day)
    yield from _evidence_findings(evidence, entry)
    yield from _figures_findings(evidence, site, now)


def _evidence_findings(evidence: DayEvidence, entry: ChainEntry) -> Iterator[str]:
    found = read_day.leaves_of(evidence)
    if root_of(found) == entry.root:
        return
    kept = chain_table.leaves_of(entry)
    if kept is None or root_of(kept) != entry.root:
        yield f"{entry.day}: the evidence is not what was proved, and the list of what was proved is lost or changed."
        return
    yield f"{entry.day}: {first_difference(kept, found)}."


def _figures_findings(evidence: DayEvidence, site: Site, now: datetime) -> Iterator[str]:
    derived = read_day.facts_of(evidence, site, load_rulebook(site, now))
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        for kind, published in _published(site.site_id, evidence.day, Path(folder)).items():
            again = _through_parquet(kind, derived[kind], Path(folder))
            difference = _first_row(kind, published, again)
            if difference:
                yield f"{evidence.day}: {kind}, {difference}."
                return


def _published(site_id: str, day: date, folder: Path) -> dict[str, list[dict[str, Any]]]:
    files = facts_bucket.fetch(site_id, day, day, folder)
    return {kind: _rows(kind, files.of(kind), folder) for kind in SCHEMAS}


def _through_parquet(kind: str, facts: Iterable[Fact], folder: Path) -> list[dict[str, Any]]:
    """Facts as a report would read them: types and roundings are the file's."""
    path = folder / f"derived-{kind}.parquet"
    parquet.write(path, kind, facts)
    return _rows(kind, [path], folder)


def _rows(kind: str, paths: Sequence[Path], folder: Path) -> list[dict[str, Any]]:
    with parquet.connect(folder) as db:
        parquet.open_views(db, parquet.FactFiles({kind: paths}))
        found = db.execute(f"SELECT {', '.join(SCHEMAS[kind])} FROM {kind} ORDER BY ALL")  # noqa: S608 - our own names
        return [dict(zip(SCHEMAS[kind], row, strict=True)) for row in found.fetchall()]


def _first_row(kind: str, published: Sequence[Mapping[str, Any]], derived: Sequence[Mapping[str, Any]]) -> str | None:
    """In words, the first row in which two lists in one order differ; None where they are the same."""
    for was, now in zip(published, derived, strict=False):
        if was == now:
            continue
        mine, theirs = (tuple(str(row[name]) for name in IDS[kind]) for row in (was, now))
        if mine != theirs:
            return f"the first row that differs is {_named(kind, min(mine, theirs))}: only one side has it"
        fields = [name for name in was if was[name] != now[name]]
        return (
            f"{_named(kind, mine)}: {fields[0]} is {was[fields[0]]} in the facts and {now[fields[0]]} by the evidence"
        )
    if len(published) == len(derived):
        return None
    longer, side = (published, "facts") if len(published) > len(derived) else (derived, "evidence")
    row = longer[min(len(published), len(derived))]
    return f"{_named(kind, tuple(str(row[name]) for name in IDS[kind]))} is only in the {side}"


def _named(kind: str, values: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(IDS[kind], values, strict=True) if value)
