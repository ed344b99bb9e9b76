"""A past period counted again under other settings: only what differs is reported, and nothing is changed."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.__main__ import main
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.core import clock
from chalicelib.registry.types import RepeatRule
from chalicelib.reports import close_day
from chalicelib.reports.spend import import_spend
from chalicelib.reports.what_if.replay import WhatIf, replay
from chalicelib.runtime.settings import settings
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE

SPEND = b"date,source,medium,campaign_id,currency,cost\n2026-11-03,yandex,cpc,772040791973,RUB,5000\n"


@pytest.fixture(autouse=True)
def site(aws: Any) -> None:
    """One caller whom first a network and then an advertisement brought, and one whom the advertisement alone did."""
    day.register()
    day.won(day.call("both", touches=("social", "paid_search")))
    day.call("one", at=NOON + timedelta(hours=1), caller="+79160000002")
    day.call("over", at=NOON + timedelta(hours=2), kind=EvidenceKind.OVERFLOW, touches=(), caller="+79160000003")
    import_spend.import_rows(SITE.site_id, "generic", SPEND, NOON)
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def stored(aws: Any) -> list[Any]:
    """Everything there is: tables and the bucket's objects with their digests."""
    client, s3 = aws.client("dynamodb"), aws.client("s3")
    tables = [client.scan(TableName=name)["Items"] for name in (settings().calls_table, settings().days_table)]
    objects = s3.list_objects_v2(Bucket=settings().bucket)["Contents"]
    return [*tables, [(each["Key"], each["ETag"]) for each in objects]]


def test_the_same_settings_change_nothing() -> None:
    found = replay(SITE, DAY, DAY, WhatIf(model=SITE.model), NOON)
    assert (found.calls_counted, found.calls, found.rows, found.ranking) == (3, (), (), ())


def test_another_model_shows_the_calls_and_figures_that_change_and_writes_nothing(aws: Any) -> None:
    before = stored(aws)
    found = replay(SITE, DAY, DAY, WhatIf(model="first_touch"), NOON)
    assert stored(aws) == before
    (call,) = found.calls
    assert call.call_id == "both"
    assert (call.before.split(",")[0], call.after.split(",")[0]) == ("paid search", "social")
    rows = {(row.by, row.key): row.figures for row in found.rows}
    assert rows["channel", ("social",)]["calls"] == (None, Decimal(1))
    assert rows["channel", ("paid_search",)]["calls"] == (Decimal(2), Decimal(1))
    assert rows["channel", ("paid_search",)]["deals"] == (Decimal(1), Decimal(0))
    assert rows["channel", ("paid_search",)]["romi"] == (Decimal("74.00"), Decimal("-100.00"))
    assert ("channel", ("overflow",)) not in rows


def test_a_model_that_shares_credit_shows_the_parts() -> None:
    (call,) = replay(SITE, DAY, DAY, WhatIf(model="linear"), NOON).calls
    assert call.after.startswith("50 % ") and " + 50 % " in call.after


def test_a_shorter_look_back_forgets_older_touches() -> None:
    day.call("old", at=NOON + timedelta(hours=3), touches=("paid_search", *["direct"] * 30), caller="+79160000004")
    found = replay(SITE, DAY, DAY, WhatIf(lookback_days=1), NOON)
    (call,) = found.calls
    assert (call.call_id, call.after.split(",")[0]) == ("old", "direct")


def test_what_if_replaces_only_what_it_names() -> None:
    other = WhatIf(repeat_rule=RepeatRule.FIRST).of_site(SITE)
    assert (other.repeat_rule, other.model, other.lookback_days) == (RepeatRule.FIRST, SITE.model, SITE.lookback_days)


def test_the_command_prints_only_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["replay", "--site", SITE.site_id, "--from", "2026-11-01", "--to", "2026-11-05"]
    capsys.readouterr()
    assert main([*asked, "--model", "first_touch"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [call["call_id"] for call in answer["calls"]] == ["both"]
    assert main(asked) == 2
    assert main([*asked, "--hold", "600"]) == 2
    assert main([*asked, "--model", "guess"]) == 2
    assert "--pool" in capsys.readouterr().err
