"""When calls to a number have died down."""

from __future__ import annotations

import pytest

from chalicelib.pool.statistics.quarantine_rules import highest_mean, is_quiet


@pytest.mark.parametrize(("calls", "bound"), [(0, 2.996), (1, 4.744), (2, 6.296), (5, 10.513), (10, 16.962)])
def test_the_bound_is_that_of_the_tables(calls: int, bound: float) -> None:
    assert highest_mean(calls) == pytest.approx(bound, abs=2e-3)


def test_a_number_that_rings_all_day_has_a_bound_too() -> None:
    assert 20_000 < highest_mean(20_000) < 20_400


@pytest.mark.parametrize(
    ("strays", "days", "lent_calls", "quiet"),
    [
        (0, 0, 100, False),
        (0, 11.9, 0, False),
        (0, 12, 0, True),
        (1, 14, 0, False),
        (0, 2.9, 20, False),  # a lent number of this pool rings twenty times a day: one stray a day is a twentieth
        (0, 3, 20, True),
        (1, 5, 20, True),
        (4, 5, 20, False),
    ],
)
def test_a_number_is_lent_again_when_strays_are_surely_rare(
    strays: int, days: float, lent_calls: float, quiet: bool
) -> None:
    assert is_quiet(strays, days, lent_calls) is quiet
