"""A short story on a stack of its own: over HTTP, through the real queues, with a browser at the end."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.demo.run import run, story_of, yesterday
from infra.demo.scenario import make_story
from infra.deploy.deploy import Target
from infra.deploy.stack import Stack
from infra.local.tables import create_tables


@pytest.mark.engine
@pytest.mark.browser
def test_a_short_story_ends_in_a_true_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = make_story(yesterday(), seed=2, length=2)
    assert run(story, tmp_path / "demo") == []
    record = json.loads((tmp_path / "demo" / "run.json").read_text())
    assert record["visits"].keys() == {str(visit.key) for visit in story.visits}
    assert "tracking accuracy" in capsys.readouterr().out


def test_in_a_simulation_nothing_goes_by_the_engines_clock(aws: Any) -> None:
    dynamodb = aws.client("dynamodb")
    tables = create_tables(dynamodb, "x").values()
    for name in tables:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "x"})
    aws.client("events").put_rule(Name="census", ScheduleExpression="rate(1 minute)")
    outputs = {f"Callpath{place}Table": name for place, name in enumerate(tables)} | {"CallpathBucket": "b"}
    stack = Stack(Target(aws, "test"), outputs)
    stack.leave_time_to_a_story()
    stack.leave_time_to_a_story()
    found = {
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] for name in tables
    }
    assert found == {"DISABLED"}
    assert [rule["State"] for rule in aws.client("events").list_rules()["Rules"]] == ["DISABLED"]


def test_a_story_that_queues_would_take_for_history_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert story_of(["--seed", "7", "--days", "3"]).seed == 7
    assert story_of(["--last-day", (yesterday() - timedelta(days=9)).isoformat()]).last_day == yesterday() - timedelta(
        days=9
    )
    for wrong in ("2020-01-01", (yesterday() + timedelta(days=1)).isoformat(), "soon"):
        with pytest.raises(SystemExit):
            story_of(["--last-day", wrong])
    with pytest.raises(SystemExit):
        story_of(["--days", "15"])
