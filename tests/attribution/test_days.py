"""Marks on changed days survive a change during the rebuild."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.attribution import days

DAY = date(2026, 11, 22)


def test_a_day_is_listed_once_however_often_it_changed(aws: Any) -> None:
    days.mark_all("s1", [DAY, None, DAY])
    days.mark_changed("s2", DAY)
    assert [(each.site_id, each.day) for each in days.changed_days()] == [("s1", DAY), ("s2", DAY)]


def test_a_rebuilt_day_is_forgotten(aws: Any) -> None:
    days.mark_changed("s1", DAY)
    (changed,) = days.changed_days()
    assert days.forget(changed)
    assert days.changed_days() == []


def test_a_day_that_changed_during_the_rebuild_stays(aws: Any) -> None:
    days.mark_changed("s1", DAY)
    (seen,) = days.changed_days()
    days.mark_changed("s1", DAY)
    assert not days.forget(seen)
    assert len(days.changed_days()) == 1


def test_many_days_are_marked_in_batches_and_each_once(aws: Any) -> None:
    wanted = [("s1", DAY - timedelta(days=ago)) for ago in range(60)]
    assert days.mark_many([*wanted, *wanted]) == 60
    assert {(each.site_id, each.day) for each in days.changed_days()} == set(wanted)
    assert days.mark_many([]) == 0
