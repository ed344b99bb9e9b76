"""Marks on changed days survive a change during the rebuild."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.calls import changed_days_table

DAY = date(2026, 11, 22)


def test_a_day_is_listed_once_however_often_it_changed(aws: Any) -> None:
    changed_days_table.mark_all("s1", [DAY, None, DAY])
    changed_days_table.mark_changed("s2", DAY)
    assert [(each.site_id, each.day) for each in changed_days_table.changed_days()] == [("s1", DAY), ("s2", DAY)]


def test_a_rebuilt_day_is_forgotten(aws: Any) -> None:
    changed_days_table.mark_changed("s1", DAY)
    (changed,) = changed_days_table.changed_days()
    assert changed_days_table.forget(changed)
    assert changed_days_table.changed_days() == []


def test_a_day_that_changed_during_the_rebuild_stays(aws: Any) -> None:
    changed_days_table.mark_changed("s1", DAY)
    (seen,) = changed_days_table.changed_days()
    changed_days_table.mark_changed("s1", DAY)
    assert not changed_days_table.forget(seen)
    assert len(changed_days_table.changed_days()) == 1


def test_many_days_are_marked_in_batches_and_each_once(aws: Any) -> None:
    wanted = [("s1", DAY - timedelta(days=ago)) for ago in range(60)]
    assert changed_days_table.mark_many([*wanted, *wanted]) == 60
    assert {(each.site_id, each.day) for each in changed_days_table.changed_days()} == set(wanted)
    assert changed_days_table.mark_many([]) == 0
