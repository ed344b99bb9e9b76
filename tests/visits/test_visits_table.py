"""Touches in storage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.runtime import aws as clients
from chalicelib.visits.visits_table import RawTouch, record_touch, touches_between
from tests.pool.shop import NOW

VISITOR = "ab" * 12


def test_touches_come_back_oldest_first_within_both_ends(aws: Any) -> None:
    touches = [RawTouch(NOW + timedelta(hours=hour), f"https://a.example/{hour}", "", "") for hour in range(5)]
    for touch in reversed(touches):
        record_touch("s1", VISITOR, touch)
    record_touch("s1", "cd" * 12, touches[1])
    found = touches_between("s1", VISITOR, NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert list(found) == touches[1:4]


def test_more_touches_than_one_answer_holds_all_come_back(aws: Any) -> None:
    long = "https://a.example/?" + "x" * 8000
    for minute in range(150):
        record_touch("s1", VISITOR, RawTouch(NOW + timedelta(minutes=minute), long, "", ""))
    assert len(touches_between("s1", VISITOR, NOW, NOW + timedelta(days=1))) == 150


def test_a_touch_expires_after_its_days(aws: Any) -> None:
    record_touch("s1", VISITOR, RawTouch(NOW, "https://a.example/", "", ""), ttl_days=2)
    item = clients.dynamodb().scan(TableName="test-VisitorsTable")["Items"][0]
    assert int(item["x"]["N"]) == int((NOW + timedelta(days=2)).timestamp())
