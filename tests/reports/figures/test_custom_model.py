"""A model nobody foresaw is computed from the paths, and gives what closing the day with it would have given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.credit import paths_of, shared_by
from chalicelib.attribution.models import MODELS, model_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.evidence import AttributedCall, Candidate, Evidence, EvidenceKind
from chalicelib.core.apportion import apportion
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.fact_rows import Fact
from chalicelib.reports.facts import parquet
from chalicelib.reports.facts.count_day import facts_of_day
from chalicelib.reports.figures import custom_model, sql
from chalicelib.reports.layouts import render_all
from chalicelib.visits.types import Source, Touch
from tests.attribution.test_credit import CALL
from tests.reports.day import DAY, NOON, SITE

CHANNELS = ("direct", "paid_search", "social", "maps")


def touches(rng: Random, at: datetime) -> tuple[Touch, ...]:
    when = sorted(at - timedelta(hours=rng.uniform(0, 2000)) for _ in range(rng.randrange(1, 7)))
    return tuple(Touch(each, "https://s.example/", "", "", Source(rng.choice(CHANNELS), *[""] * 5)) for each in when)


def call(number: int, rng: Random) -> AttributedCall:
    """Of every kind of evidence: sure, shared with and without an unknown caller, overflow, static, unknown."""
    kind = rng.choice(list(EvidenceKind))
    shares = apportion([Decimal(rng.randrange(1, 100)) for _ in range(rng.randrange(2, 5))])
    candidates = [
        Candidate(share, 1e-5, f"{place:024x}", touches=touches(rng, NOON)) for place, share in enumerate(shares)
    ]
    if rng.random() < 0.5:
        candidates[-1] = replace(candidates[-1], visitor=None, touches=())
    shared = tuple(candidates) if kind in (EvidenceKind.SHARED, EvidenceKind.OVERFLOW) else ()
    evidence = Evidence(kind, "for a test", pool_id="p1", touches=touches(rng, NOON), candidates=shared)
    return AttributedCall(replace(CALL, call_id=f'c-{number}\t"', started_at=NOON), evidence, DAY)


@pytest.fixture(scope="module")
def calls() -> list[AttributedCall]:
    rng = Random(5)
    return [call(number, rng) for number in range(300)]


def files(folder: Path, facts: dict[str, Iterable[Fact]]) -> parquet.FactFiles:
    for kind, rows in facts.items():
        parquet.write(folder / f"{kind}.parquet", kind, rows)
    return parquet.FactFiles({kind: [folder / f"{kind}.parquet"] for kind in facts})


@pytest.fixture(scope="module")
def written(calls: list[AttributedCall], tmp_path_factory: pytest.TempPathFactory) -> parquet.FactFiles:
    found = facts_of_day(SITE, Rulebook(), calls, (), lambda _: None)
    return files(
        tmp_path_factory.mktemp("facts"), {"calls": found.calls, "credits": found.credits, "paths": found.paths}
    )


@pytest.mark.parametrize("spec", MODELS)
def test_it_gives_the_credits_that_the_facts_hold(written: parquet.FactFiles, spec: str, tmp_path: Path) -> None:
    held = "SELECT * FROM credits WHERE model = ? ORDER BY ALL"
    with parquet.connect(tmp_path) as db:
        parquet.open_views(db, written)
        expected = db.execute(held, [spec]).fetchall()
        custom_model.credit_by(db, model_of(spec), tmp_path)
        assert db.execute(held, [spec]).fetchall() == expected
        assert db.execute("SELECT DISTINCT model FROM credits").fetchall() == [(spec,)]


def test_a_call_of_a_day_without_paths_is_unknown_to_it(written: parquet.FactFiles, tmp_path: Path) -> None:
    with parquet.connect(tmp_path) as db:
        parquet.open_views(db, parquet.FactFiles({"calls": written.of("calls"), "credits": written.of("credits")}))
        custom_model.credit_by(db, model_of("time_decay:1d"), tmp_path)
        assert db.execute("SELECT channel, sum(weight) FROM credits GROUP BY 1").fetchall() == [("unknown", 300)]


def test_facts_of_an_earlier_version_read_with_their_new_columns_empty(
    written: parquet.FactFiles, tmp_path: Path
) -> None:
    old = tmp_path / "credits.parquet"
    with parquet.connect(tmp_path) as db:
        db.execute(f"COPY (SELECT * EXCLUDE (share, candidate) FROM '{written.of('credits')[0]}') TO '{old}'")  # noqa: S608
    with parquet.connect(tmp_path) as db:
        parquet.open_views(db, parquet.FactFiles({"credits": [old]}))
        assert db.execute("SELECT DISTINCT share FROM credits").fetchall() == [(None,)]
        assert sql.spreads(db, ("channel",), "last_touch") == {}


def document(written: parquet.FactFiles, model: str, folder: Path) -> Any:
    order = Order(SITE.site_id, SITE.name, DAY, DAY, model, "RUB", "UTC", ("channel",))
    return compose(written, order, NOON, folder)


@pytest.mark.parametrize("model", ["last_touch", "custom:first=30,middle=20,last=50,direct=0"])
def test_a_row_with_shared_calls_has_bounds(
    calls: list[AttributedCall], written: parquet.FactFiles, model: str, tmp_path: Path
) -> None:
    """The interval against drawing the callers: of a thousand worlds, about 95 % lie within."""
    (table,) = document(written, model_of(model).spec, tmp_path).tables.values()
    rows = {row.key[0]: row for row in table.rows}
    rng, inside, drawn = Random(1), 0, 0
    parts = [shared_by(model_of(model), paths_of(each, SITE, Rulebook())) for each in calls]
    for _ in range(300):
        counts = dict.fromkeys(rows, Decimal(0))
        for credits in parts:
            shares = {part.candidate: float(part.share) for part in credits}
            who = rng.choices(list(shares), list(shares.values()))[0]
            for part in credits:
                if part.candidate == who:
                    counts[part.source.channel] += part.weight / part.share
        for channel, row in rows.items():
            if row.interval:
                drawn += 1
                inside += row.interval[0] <= round(counts[channel], 2) <= row.interval[1]
    assert drawn >= 300 * 5
    assert 0.92 < inside / drawn < 0.98


def test_every_format_shows_the_bounds_where_there_are_any(written: parquet.FactFiles, tmp_path: Path) -> None:
    report = document(written, "last_touch", tmp_path)
    shown = render_all(report)
    row = next(row for row in report.tables["channel"].rows if row.interval)
    low, high = row.interval
    assert low < row.figures.calls < high
    header, *lines = shown["report.csv"].decode("utf-8-sig").splitlines()
    assert header.endswith(",sales_cycle,calls_low,calls_high")
    assert any(line.startswith(f"{row.key[0]},") and line.endswith(f",{low},{high}") for line in lines)
    assert f'"calls_low": {low}' in shown["report.json"].decode()
    assert f"{low:.0f}\u2013{high:.0f}</small>" in shown["report.html"].decode()
    assert report.tables["channel"].total.calls == 300


def test_without_shared_calls_no_file_has_bounds(calls: list[AttributedCall], tmp_path: Path) -> None:
    sure = [each for each in calls if not each.evidence.candidates]
    found = facts_of_day(SITE, Rulebook(), sure, (), lambda _: None)
    written = files(tmp_path, {"calls": found.calls, "credits": found.credits})
    for model in ("last_touch", "linear"):  # a model that splits a call is no doubt about its caller
        shown = render_all(document(written, model, tmp_path))
        assert not any(b"calls_low" in content or b'class="between"' in content for content in shown.values())
