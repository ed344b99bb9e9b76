"""Promo codes in storage: whose a code is, for how long, and when it may become another visitor's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.visits import promo_table
from chalicelib.visits.promo_table import REST, ShownCode

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MOST = timedelta(days=400)
SHOWN = ShownCode("1234560", "a" * 24, NOW, "https://shop.example/", NOW + 14 * DAY)


@pytest.fixture(autouse=True)
def tables(aws: Any) -> None: ...


def take(shown: ShownCode, most: timedelta = MOST) -> ShownCode | None:
    taken = promo_table.take("s1", shown, shown.shown_at, most)
    assert taken is None or taken.new == (taken.shown.shown_at == shown.shown_at)
    return taken.shown if taken else None


def later(days: float, **fields: Any) -> ShownCode:
    at = NOW + days * DAY
    return replace(SHOWN, shown_at=at, expires_at=at + 14 * DAY, **fields)


def test_a_code_is_found_as_it_was_taken_on_its_own_site_only() -> None:
    assert take(SHOWN) == SHOWN == promo_table.find("s1", SHOWN.code)
    assert promo_table.find("s2", SHOWN.code) is None
    assert promo_table.find("s1", "7654321") is None


def test_the_same_page_keeps_its_code_and_first_moment_and_the_code_lives_on() -> None:
    take(SHOWN)
    again = take(later(3))
    assert again == replace(SHOWN, expires_at=NOW + 17 * DAY) == promo_table.find("s1", SHOWN.code)


def test_the_same_page_shows_an_expired_code_anew() -> None:
    take(SHOWN)
    assert take(later(15)) == later(15) == promo_table.find("s1", SHOWN.code)


def test_a_code_lives_on_no_longer_than_the_event_of_its_showing_is_kept() -> None:
    take(SHOWN, most=20 * DAY)
    for days in (6, 12, 19):
        shown = take(later(days), most=20 * DAY)
        assert shown == replace(SHOWN, expires_at=NOW + 20 * DAY)
    assert take(later(21), most=20 * DAY) == later(21)


@pytest.mark.parametrize("other", [{"visitor": "b" * 24}, {"url": "https://shop.example/other"}])
def test_nobody_else_gets_it_while_it_lives_or_rests(other: dict[str, str]) -> None:
    take(SHOWN)
    for days in (0, 13, 15, 14 + REST / DAY):
        assert take(later(days, **other)) is None
    assert promo_table.find("s1", SHOWN.code) == SHOWN
    late = later(14 + REST / DAY + 0.1, **other)
    assert take(late) == late == promo_table.find("s1", SHOWN.code)


def test_it_rests_no_longer_than_visits_are_kept() -> None:
    take(SHOWN, most=20 * DAY)
    assert take(later(19, visitor="b" * 24)) is None
    assert take(later(21, visitor="b" * 24)) is not None
