"""Closing a day, through the real tables and bucket (moto)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution import attribute_call
from chalicelib.attribution.models import MODELS
from chalicelib.calls import changed_days_table, events_table
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.core import clock
from chalicelib.registry import store as registry
from chalicelib.registry.types import Campaign, ChannelRule, Comparison, Condition
from chalicelib.reports import build_report, close_day, reports_bucket
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.reports.spend import import_spend
from chalicelib.runtime.settings import settings
from tests.reports import day
from tests.reports.day import CAMPAIGN, DAY, NOON, SITE

SPEND = b"date,source,medium,campaign_id,currency,cost\n2026-11-03,yandex,cpc,772040791973,RUB,5000.50\n"


@pytest.fixture(autouse=True)
def site(aws: Any) -> None:
    day.register()


def later() -> datetime:
    """When every mark made so far is old enough."""
    return clock.utc_now() + timedelta(seconds=5)


def facts(kind: str, columns: str, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Columns of one kind's facts of DAY."""
    with parquet.connect(tmp_path) as db:
        parquet.open_views(db, facts_bucket.fetch(SITE.site_id, DAY, DAY, tmp_path))
        return sorted(db.execute(f"SELECT {columns} FROM {kind}").fetchall())  # noqa: S608 - our own words


def test_a_closed_day_holds_its_calls_credits_deals_and_spend(tmp_path: Path) -> None:
    day.won(day.call("c1"))
    import_spend.import_rows(SITE.site_id, "generic", SPEND, NOON)
    close_day.close(later())
    assert facts("calls", "call_id, hour, weekday, answered, target, quality", tmp_path) == [
        ("c1", 12, 2, True, True, Decimal("4.00"))
    ]
    models = [(model, CAMPAIGN, Decimal(1)) for model in sorted(MODELS)]
    assert facts("credits", "model, campaign, weight", tmp_path) == models
    assert facts("deals", "call_id, won, amount, first_call_at", tmp_path) == [
        ("c1", True, Decimal("20000.00"), NOON.replace(tzinfo=None))
    ]
    assert facts("spend", "channel, campaign, cost", tmp_path) == [("paid_search", CAMPAIGN, Decimal("5000.50"))]


def test_closing_twice_gives_the_same_facts_and_leaves_nothing_marked(tmp_path: Path) -> None:
    day.won(day.call("c1"))
    close_day.close(later())
    first = facts("credits", "*", tmp_path)
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close_day.close(later())
    assert facts("credits", "*", tmp_path) == first
    assert changed_days_table.changed_days() == []


def test_a_changed_rule_or_campaign_recounts_the_past_calls_and_spend_alike(tmp_path: Path) -> None:
    day.call("c1", talk=15)
    import_spend.import_rows(SITE.site_id, "generic", SPEND, NOON)
    close_day.close(later())
    assert facts("credits", "DISTINCT channel, campaign", tmp_path) == [("paid_search", CAMPAIGN)]
    assert facts("calls", "target", tmp_path) == [(True,)]

    rule = ChannelRule("контекст", (Condition("source", Comparison.EXACT, ("yandex",)),))
    registry.put_rules(SITE.account_id, [rule])
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close_day.close(later())  # at once, in the same container: its minute must not keep the old rules
    assert facts("credits", "DISTINCT channel, campaign", tmp_path) == [("контекст", CAMPAIGN)]
    assert facts("spend", "channel, campaign", tmp_path) == [("контекст", CAMPAIGN)]

    ids: dict[str, tuple[str, ...]] = {"yandex_direct": (CAMPAIGN, "1")}
    brand = Campaign("c9", SITE.site_id, "Бренд", channel="бренд", platform_ids=ids, target_talk_seconds=20)
    registry.create_campaign(brand)
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close_day.close(later())
    assert facts("credits", "DISTINCT channel, campaign", tmp_path) == [("бренд", "Бренд")]
    assert facts("spend", "channel, campaign", tmp_path) == [("бренд", "Бренд")]
    assert facts("calls", "target", tmp_path) == [(False,)]

    registry.update_campaign(SITE.site_id, "c9", {"ends_on": DAY - timedelta(days=1)})
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close_day.close(later())
    assert facts("credits", "DISTINCT channel, campaign", tmp_path) == [("контекст", CAMPAIGN)]


def test_the_latest_day_is_rebuilt_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilt: list[Any] = []
    monkeypatch.setattr(close_day, "rebuild", lambda site_id, day, now: rebuilt.append(day))
    changed_days_table.mark_many([(SITE.site_id, DAY - timedelta(days=ago)) for ago in range(3)])
    close_day.close(later())
    assert rebuilt == sorted(rebuilt, reverse=True)


def test_a_campaign_is_called_by_its_name_in_the_report(aws: Any) -> None:
    day.call("c1")
    registry.create_campaign(Campaign("c9", SITE.site_id, "Бренд", platform_ids={"yandex_direct": (CAMPAIGN,)}))
    close_day.close(later())
    build_report.build(NOON, {"site_id": SITE.site_id, "from": "2026-11-01", "to": "2026-11-30"})
    document = json.loads(_body(aws, "reports/s1/2026-11-01_2026-11-30/last_non_direct/report.json"))
    assert [(row["campaign"], row["name"]) for row in document["groupings"]["campaign"]["rows"]] == [
        (CAMPAIGN, "Бренд")
    ]


def test_a_change_during_the_rebuild_keeps_the_day_marked() -> None:
    day.call("c1")
    marked = changed_days_table.changed_days()[0]
    close_day.rebuild(SITE.site_id, DAY, later())
    day.call("c2")  # arrives after the rebuild read the calls
    close_day.forget_if_settled(marked, later())
    assert [one.day for one in changed_days_table.changed_days()] == [DAY]


def test_a_mark_younger_than_the_indexes_lag_is_kept_for_another_round() -> None:
    day.call("c1")
    close_day.close(changed_days_table.changed_days()[0].changed_at + timedelta(seconds=1))
    assert len(changed_days_table.changed_days()) == 1
    close_day.close(later())
    assert changed_days_table.changed_days() == []


def test_a_failing_day_does_not_stop_the_others_and_raises_at_the_end(tmp_path: Path) -> None:
    changed_days_table.mark_changed("a-site-that-is-gone", DAY)
    day.call("c1")
    with pytest.raises(close_day.DaysFailed, match="1 of 2"):
        close_day.close(later())
    assert facts("calls", "call_id", tmp_path) == [("c1",)]
    assert [one.site_id for one in changed_days_table.changed_days()] == ["a-site-that-is-gone"]


def test_a_day_whose_calls_have_expired_keeps_its_facts(tmp_path: Path) -> None:
    day.call("c1")
    close_day.close(later())
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close_day.close(datetime(2030, 1, 1, tzinfo=UTC))
    assert facts("calls", "call_id", tmp_path) == [("c1",)]
    assert changed_days_table.changed_days() == []


def test_outgoing_calls_are_facts_without_credit_and_call_back_the_missed(tmp_path: Path) -> None:
    day.call("missed", talk=0)
    day.call("back", at=NOON + timedelta(hours=1), direction=Direction.OUT)
    close_day.close(later())
    assert facts("calls", "call_id, called_back", tmp_path) == [("back", False), ("missed", True)]
    assert {call_id for (call_id,) in facts("credits", "call_id", tmp_path)} == {"missed"}


def attributed(call_id: str, at: datetime, talk: int, direction: Direction) -> None:
    """A call as the carrier reports it and as its own task attributes it."""
    status = CallStatus.ACCEPTED if talk else CallStatus.MISSED
    event = CallEvent("end", call_id, direction=direction, caller="+79160000001", number="+74950000001", started_at=at)
    event = replace(event, ended_at=at, talk_seconds=talk, status=status)
    events_table.add_events(SITE.site_id, call_id, ("generic", "e1"), [event], at)
    attribute_call.attribute({"site_id": SITE.site_id, "call_id": call_id}, at)


def test_ringing_back_on_a_later_day_changes_the_earlier_one(tmp_path: Path) -> None:
    attributed("missed", NOON, 0, Direction.IN)
    close_day.close(later())
    assert facts("calls", "call_id, called_back", tmp_path) == [("missed", False)]
    attributed("by-customer", NOON + timedelta(days=2), 30, Direction.IN)
    attributed("unanswered", NOON + timedelta(days=2), 0, Direction.OUT)
    assert DAY not in [one.day for one in changed_days_table.changed_days()]
    attributed("back", NOON + timedelta(days=3), 30, Direction.OUT)
    assert DAY in [one.day for one in changed_days_table.changed_days()]
    close_day.close(later())
    assert facts("calls", "call_id, called_back", tmp_path) == [("missed", True)]
    assert set(facts("credits", "called_back", tmp_path)) == {(True,)}


def test_a_missed_call_that_becomes_known_after_it_was_called_back_is_called_back(tmp_path: Path) -> None:
    attributed("back", NOON + timedelta(days=3), 30, Direction.OUT)
    attributed("missed", NOON, 0, Direction.IN)  # from the carrier's history, say
    close_day.close(later())
    assert facts("calls", "call_id, called_back", tmp_path) == [("missed", True)]


def test_a_report_is_built_from_the_facts_and_linked_from_the_index(aws: Any) -> None:
    day.won(day.call("c1"))
    day.call("c2", kind=EvidenceKind.OVERFLOW)
    import_spend.import_rows(SITE.site_id, "generic", SPEND, NOON)
    close_day.close(later())
    detail = {"site_id": SITE.site_id, "from": "2026-11-01", "to": "2026-11-30"}
    answer = build_report.build(NOON, detail)
    prefix = "reports/s1/2026-11-01_2026-11-30/last_non_direct"
    stored = [file.key for file in reports_bucket.files_of(SITE.site_id)]
    assert {f"{prefix}/report.{kind}" for kind in ("xlsx", "json", "html")} | {f"{prefix}/report-channel.csv"} <= set(
        stored
    )
    document = json.loads(_body(aws, f"{prefix}/report.json"))
    assert document["tracking_accuracy"] == 50
    (row,) = [row for row in document["groupings"]["campaign"]["rows"] if row["campaign"] == CAMPAIGN]
    assert (row["calls"], row["deals"], row["spend"], row["romi"]) == (1, 1, 5000.5, 73.98)
    index = _body(aws, reports_bucket.index_key(SITE.site_id)).decode()
    assert "report.xlsx" in index and "X-Amz-Signature" in index
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in answer["files"]["report.xlsx"]


def test_another_model_recounts_the_past_without_touching_a_call(aws: Any) -> None:
    day.call("c1", touches=("paid_search", "social", "direct"))
    close_day.close(later())
    before = {table: aws.client("dynamodb").scan(TableName=table)["Items"] for table in (settings().calls_table,)}
    asked = {"site_id": SITE.site_id, "from": "2026-11-03", "to": "2026-11-03"}
    counted = {}
    for model in ("last_touch", "Position_Based:30/20/50", "custom:first=30,last=10,direct=0"):
        answer = build_report.build(NOON, asked | {"model": model})
        assert answer["built"] == 1
    for file in reports_bucket.files_of(SITE.site_id):
        if file.name == "report.json":
            rows = json.loads(_body(aws, file.key), parse_float=Decimal)["groupings"]["channel"]["rows"]
            counted[file.model] = {row["channel"]: row["calls"] for row in rows}
    assert counted == {
        "last_touch": {"direct": 1},
        "position_based:30/20/50": {"paid_search": Decimal("0.3"), "social": Decimal("0.2"), "direct": Decimal("0.5")},
        "custom:first=30,middle=0,last=10,direct=0": {"paid_search": Decimal("0.75"), "social": Decimal("0.25")},
    }
    assert before == {table: aws.client("dynamodb").scan(TableName=table)["Items"] for table in before}


def test_the_schedule_builds_every_due_period_of_every_site() -> None:
    day.call("c1")
    close_day.close(later())
    assert build_report.build(datetime(2026, 11, 4, 9, tzinfo=UTC), {}) == {"built": 4}
    periods = {file.period.name for file in reports_bucket.files_of(SITE.site_id)}
    assert periods == {
        "2026-11-03_2026-11-03", "2026-10-26_2026-11-01", "2026-10-01_2026-10-31", "2026-11-01_2026-11-04",
    }  # fmt: skip


def _body(aws: Any, key: str) -> bytes:
    body: bytes = aws.client("s3").get_object(Bucket=settings().bucket, Key=key)["Body"].read()
    return body
