"""Callers are forgotten when their site keeps them no longer: in bounded runs, and what comes late."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item, callers, calls_table, changed_days_table, late_days_table
from chalicelib.calls.types import CallEvent
from chalicelib.privacy import forget_callers, retention_run
from chalicelib.privacy.forget_callers import ForgettingFailed
from chalicelib.registry import store as registry
from chalicelib.registry.types import MOST_DAYS_OF_PERSONS
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.privacy.person_fixture import IVAN, MARIA, call, item, key_of, lend, open_shop, receive
from tests.requests import NOW, SITE, STATIC

KEPT = 30


@pytest.fixture
def shop(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ivan called 40 days ago and today, Maria 35 days ago only; the site knows people for 30 days."""
    monkeypatch.setattr(retention_run, "CALL_DAYS", 70)  # a first run asks for every day there can be calls of
    open_shop(retention_days=KEPT)
    call("generic-old", IVAN, at=NOW - timedelta(days=40))
    call("generic-hers", MARIA, at=NOW - timedelta(days=35))
    call("generic-new", IVAN, lend())
    return aws


def known(*calls: str) -> list[bool]:
    return [call_item.mentions_caller(item(f"generic-{each}")) for each in calls]


def run(now: Any = NOW) -> int:
    return forget_callers.forget(now)["calls"]


def test_calls_older_than_the_site_keeps_callers_are_forgotten(shop: Any) -> None:
    assert run() == 2
    assert known("old", "hers", "new") == [False, False, True]
    assert callers.find_caller("s1", MARIA) is None
    assert run() == 0
    assert run(NOW + timedelta(days=KEPT)) == 1
    assert known("new") == [False]
    assert callers.find_caller("s1", IVAN) is None


def test_who_called_again_since_stays_known(shop: Any) -> None:
    run()
    found = calls_table.call("s1", "generic-new")
    assert found and callers.open_caller(found.call) == IVAN
    assert {each.call_id for each in calls_table.calls_of_caller("s1", key_of(IVAN))} == {"generic-old", "generic-new"}


def test_the_days_are_rebuilt_without_names(shop: Any) -> None:
    for marked in changed_days_table.changed_days():
        changed_days_table.forget(marked)
    run()
    assert {each.day for each in changed_days_table.changed_days()} == {date(2026, 10, 13), date(2026, 10, 18)}


def test_a_site_that_says_nothing_keeps_callers_as_long_as_calls(aws: Any) -> None:
    open_shop()
    call("generic-old", IVAN, at=NOW - timedelta(days=MOST_DAYS_OF_PERSONS - 1))
    assert run() == 0
    assert run(NOW + timedelta(days=1)) == 1


def test_a_long_way_is_gone_in_bounded_runs(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(4):
        call(f"generic-{place}", f"+7916000100{place}", at=NOW - timedelta(days=50))
    monkeypatch.setattr(retention_run, "STEPS", 3)
    monkeypatch.setattr(forget_callers, "MOST_CALLS", 3)
    runs = 0
    while known("0", "1", "2", "3", "old", "hers") != [False] * 6:
        assert run() <= 3 + 2
        runs += 1
    assert 2 <= runs < 20


def test_a_shorter_retention_is_caught_up_with(shop: Any) -> None:
    run()
    registry.update_site("s1", {"retention_days": 1})
    forget_caches()
    call("generic-week", "+79160002222", at=NOW - timedelta(days=7))
    run()
    assert known("week", "new") == [False, True]


def test_a_call_that_comes_later_than_retention_is_forgotten_too(shop: Any) -> None:
    run()
    call("generic-late", "+79160003333", at=NOW - timedelta(days=60))
    assert known("late") == [True]
    assert run(NOW + timedelta(minutes=2)) == 1
    assert known("late") == [False]
    assert late_days_table.late_days() == []


def test_a_late_call_that_the_index_does_not_show_yet_is_looked_for_again(shop: Any) -> None:
    run()
    call("generic-late", "+79160003333", at=NOW - timedelta(days=60))
    assert run(NOW + timedelta(seconds=1)) == 1
    assert date(2026, 9, 23) in [each.day for each in late_days_table.late_days()]
    run(NOW + timedelta(minutes=2))
    assert late_days_table.late_days() == []


def test_a_late_event_of_a_forgotten_call_makes_nobody_known(shop: Any) -> None:
    run()
    event = CallEvent("late", "hers", at=NOW, caller=MARIA, recording_url="https://pbx.example/1.mp3")
    attribute(receive("generic-hers", event), NOW)
    assert known("hers") == [False]
    assert callers.find_caller("s1", MARIA) is None


def test_one_sites_trouble_does_not_keep_the_others_data(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    registry.create_site(replace(SITE, site_id="s0", site_key="sk0", time_zone="Nowhere/At_All"))
    with pytest.raises(ForgettingFailed):
        run()
    assert known("old", "hers", "new") == [False, False, True]
    assert '"site_id": "s0"' in capsys.readouterr().out


def test_a_subject_is_known_a_little_longer_than_their_calls(shop: Any) -> None:
    rows = shop.client("dynamodb").scan(TableName=settings().subjects_table)["Items"]
    assert all(int(row["x"]["N"]) >= int((NOW + timedelta(days=KEPT)).timestamp()) for row in rows)


def test_visits_are_kept_no_longer_than_callers(shop: Any) -> None:
    rows = shop.client("dynamodb").scan(TableName=settings().visitors_table)["Items"]
    touch = next(row for row in rows if "mail-of-ivan" in row.get("url", {}).get("S", ""))
    assert int(touch["x"]["N"]) - int(touch["sk"]["N"]) / 1000 == pytest.approx(KEPT * 86_400, abs=1)


def test_a_call_to_a_number_of_nobody_is_forgotten_as_well(shop: Any) -> None:
    call("generic-nobody", None, STATIC, at=NOW - timedelta(days=40))
    run()
    assert known("nobody") == [False]
