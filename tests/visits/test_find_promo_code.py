"""A promo code that a caller gave leads to its page view, or to nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.visits import find_promo_code, promo_code, promo_table
from chalicelib.visits.find_promo_code import ShownCode

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CODE = promo_code.make(7, b"k", "any")
SHOWN = ShownCode(CODE, "a" * 24, NOW, "https://shop.example/", NOW + 14 * DAY)


@pytest.fixture(autouse=True)
def shown(aws: Any) -> None:
    promo_table.take("s1", SHOWN, NOW, 400 * DAY)


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=2), NOW, NOW + 14 * DAY])
def test_a_code_is_found_from_when_it_was_shown_until_it_expires(at: datetime) -> None:
    assert find_promo_code.find("s1", f"промокод {promo_code.spoken(CODE)}", at) == SHOWN


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=3), NOW + 14 * DAY + timedelta(seconds=1)])
def test_not_before_and_not_after(at: datetime) -> None:
    assert find_promo_code.find("s1", CODE, at) is None


def test_slips_other_sites_and_other_codes_find_nobody() -> None:
    assert find_promo_code.find("s1", CODE[:-1] + str((int(CODE[-1]) + 1) % 10), NOW) is None
    assert find_promo_code.find("s2", CODE, NOW) is None
    assert find_promo_code.find("s1", promo_code.make(7, b"k", "other"), NOW) is None
