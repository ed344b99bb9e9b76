"""What was published stays as it was, with what it was counted under, when a later day counts the period again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.audit import chain_table
from chalicelib.core import clock
from chalicelib.registry import snapshot
from chalicelib.registry import store as registry
from chalicelib.registry.types import Campaign
from chalicelib.reports import build_report, close_day, reports_bucket
from chalicelib.reports.periods import Period
from chalicelib.runtime.settings import settings
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE

PERIOD = Period(DAY, DAY)
FOLDER = f"reports/{SITE.site_id}/{PERIOD.name}/{SITE.model}/"
LATER = NOON + timedelta(days=2)


@pytest.fixture(autouse=True)
def published(aws: Any) -> None:
    day.register()
    day.call("c1")
    close()
    build_report.build_one(SITE, DAY, DAY, SITE.model, NOON)


def close() -> None:
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def document(aws: Any, key: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(aws.client("s3").get_object(Bucket=settings().bucket, Key=key)["Body"].read())
    return loaded


def test_a_report_says_what_it_was_counted_under(aws: Any) -> None:
    (entry,) = chain_table.entries(SITE.site_id)
    found = document(aws, f"{FOLDER}report.json")
    assert found["model"] == SITE.model
    assert (found["basis"]["proved_by"], found["basis"]["chain_head"]) == (1, entry.digest)
    page = aws.client("s3").get_object(Bucket=settings().bucket, Key=f"{FOLDER}report.html")["Body"].read().decode()
    assert f"proved by entry 1 of the chain ({entry.digest[:16]}" in page


def test_another_book_is_another_basis(aws: Any) -> None:
    before = document(aws, f"{FOLDER}report.json")["basis"]["book"]
    registry.create_campaign(Campaign("spring", SITE.site_id, "Spring", channel="billboard"))
    snapshot.forget()
    build_report.build_one(SITE, DAY, DAY, SITE.model, NOON)
    assert document(aws, f"{FOLDER}report.json")["basis"]["book"] != before


def test_what_an_earlier_day_published_is_frozen_when_a_later_one_counts_again(aws: Any) -> None:
    before = document(aws, f"{FOLDER}report.json")
    day.call("c2", at=NOON + timedelta(hours=1), caller="+79160000002")
    close()
    build_report.build_one(SITE, DAY, DAY, SITE.model, LATER)
    assert document(aws, f"{FOLDER}as-of-{NOON.date()}/report.json") == before
    now = document(aws, f"{FOLDER}report.json")
    assert now["groupings"]["channel"]["total"]["calls"] == 2
    assert now["basis"]["proved_by"] == 2


def test_the_same_day_counts_again_without_freezing(aws: Any) -> None:
    build_report.build_one(SITE, DAY, DAY, SITE.model, NOON + timedelta(hours=1))
    assert all(file.as_of is None for file in reports_bucket.files_of(SITE.site_id, frozen=True))


def test_another_model_is_published_beside_and_not_over(aws: Any) -> None:
    before = document(aws, f"{FOLDER}report.json")
    build_report.build_one(replace(SITE, model="linear"), DAY, DAY, "linear", LATER)
    assert document(aws, f"{FOLDER}report.json") == before


def test_frozen_files_are_listed_only_where_they_are_asked_for(aws: Any) -> None:
    build_report.build_one(SITE, DAY, DAY, SITE.model, LATER)
    assert {file.as_of for file in reports_bucket.files_of(SITE.site_id)} == {None}
    listed = reports_bucket.files_of(SITE.site_id, frozen=True)
    assert {file.as_of for file in listed} == {None, NOON.date().isoformat()}
    assert len(listed) == 2 * len(reports_bucket.files_of(SITE.site_id))
