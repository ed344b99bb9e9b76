"""Reports of a day whose callers were erased: the same figures, without masks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.models import MODELS
from chalicelib.calls import calls_table, changed_days_table
from chalicelib.calls.evidence import AttributedCall, Candidate, EvidenceKind
from chalicelib.calls.types import Direction
from chalicelib.core import clock
from chalicelib.privacy import find_person
from chalicelib.privacy.erase_person import erase
from chalicelib.reports import close_day
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.reports.figures import sql
from chalicelib.reports.figures.formulas import Tally
from chalicelib.visits.classify_source import classify
from chalicelib.visits.types import Touch
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE

IVAN, MARIA = "+79160000001", "+79161111102"
CLICK = "https://shop.example/p?utm_source=yandex&utm_medium=cpc&yclid=77&mail=ivan@mail.example"
GROUPINGS = ("channel", "campaign", "keyword", "creative", "number", "region", "manager", "hour")
PERSONAL = {"caller_masked", "visitor"}


@pytest.fixture(autouse=True)
def calls(aws: Any) -> None:
    """Ivan's calls: sure, shared, missed and called back; Maria's; deals of both."""
    day.register()
    day.won(with_click(day.call("sure", caller=IVAN)))
    with_click(day.call("shared", caller=IVAN, kind=EvidenceKind.SHARED), shared=True)
    day.call("missed", caller=IVAN, talk=0, at=NOON + timedelta(hours=1))
    day.call("back", caller=IVAN, direction=Direction.OUT, at=NOON + timedelta(hours=2))
    day.won(with_click(day.call("hers", caller=MARIA, touches=("direct", "paid_search"))))
    day.call("withheld", caller="+79160000003", kind=EvidenceKind.STATIC)


def with_click(call: AttributedCall, *, shared: bool = False) -> AttributedCall:
    """The call with a touch that names a person, and perhaps another who may have made it."""
    came = Touch(NOON - timedelta(hours=1), CLICK, "https://yandex.ru/?lr=ivan", "Москва", classify(CLICK, ""))
    touches = (*call.evidence.touches, came)
    evidence = replace(call.evidence, visitor="a" * 24, touches=touches)
    if shared:
        one = Candidate(Decimal("0.7"), 1e-5, "a" * 24, touches=touches)
        other = Candidate(Decimal("0.3"), 1e-6, "b" * 24, touches=call.evidence.touches)
        evidence = replace(evidence, candidates=(one, other))
    calls_table.put_evidence(call.call, evidence, DAY)
    return replace(call, evidence=evidence)


def rebuilt(folder: Path) -> tuple[dict[str, list[Any]], list[dict[Any, Tally]], Tally]:
    """The day's facts by kind, without what is personal; the tallies of every grouping and model; the total."""
    close_day.close(clock.utc_now() + timedelta(seconds=5))
    folder.mkdir()
    with parquet.connect(folder) as db:
        parquet.open_views(db, facts_bucket.fetch(SITE.site_id, DAY, DAY, folder))
        kinds = [name for (name,) in db.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
        facts = {}
        for kind in kinds:
            columns = [name for name, *_ in db.execute(f"DESCRIBE {kind}").fetchall() if name not in PERSONAL]
            facts[kind] = db.execute(f"SELECT {', '.join(columns)} FROM {kind} ORDER BY ALL").fetchall()  # noqa: S608
        tallies = [sql.tallies(db, (grouping,), model) for grouping in GROUPINGS for model in MODELS]
        return facts, tallies, sql.total(db)


def masks(folder: Path) -> dict[str, tuple[str, str]]:
    with parquet.connect(folder) as db:
        parquet.open_views(db, facts_bucket.fetch(SITE.site_id, DAY, DAY, folder))
        rows = db.execute("SELECT call_id, caller_masked, visitor FROM calls").fetchall()
        return {call_id: (mask, visitor) for call_id, mask, visitor in rows}


def test_every_figure_is_the_same_and_no_mask_is_left(tmp_path: Path) -> None:
    before = rebuilt(tmp_path / "before")
    assert masks(tmp_path / "before")["sure"] == ("+791******01", "a" * 24)

    done = erase(find_person.by_phone(SITE.site_id, IVAN), NOON)
    assert done.removed["calls"] == 4
    assert [each.day for each in changed_days_table.changed_days()] == [DAY]

    after = rebuilt(tmp_path / "after")
    assert after == before
    assert before[2].unique == 3 and before[2].deals == 2
    left = masks(tmp_path / "after")
    assert {call_id for call_id, (mask, _) in left.items() if not mask} == {"sure", "shared", "missed", "back"}
    assert all(visitor != "a" * 24 for call_id, (_, visitor) in left.items() if call_id != "hers")
