"""The hold: what ended leases tell of stays, and where a learned hold settles."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from chalicelib.pool.hold import is_worth_changing, renew_in, stay_of
from chalicelib.pool.rules import RELEASE_GRACE


def duration(stay: float, hold: int, *, told: bool) -> int:
    """How long the lease of such a visit lasts, with renewals while it lasts and perhaps a release at its end."""
    renewed = stay // renew_in(hold) * renew_in(hold)
    end = renewed + hold
    return round(min(end, stay + RELEASE_GRACE) if told else end)


@pytest.mark.parametrize(("hold", "renewed_after"), [(360, 300), (90, 45), (120, 60), (1800, 1740)])
def test_a_page_renews_a_minute_before_the_end_or_at_half_time(hold: int, renewed_after: int) -> None:
    assert renew_in(hold) == renewed_after


@pytest.mark.parametrize(("lasted", "stayed"), [(95, 5), (89, 0), (300, 210), (360, 150), (660, 450)])
def test_a_stay_is_known_where_the_number_was_given_back_and_estimated_where_not(lasted: int, stayed: int) -> None:
    assert stay_of(lasted, 360) == stayed


@pytest.mark.parametrize("told", [0.0, 0.6, 1.0])  # the share of visitors whose leaving reaches us
@pytest.mark.parametrize("first", [120, 360, 1800])
@pytest.mark.parametrize("median", [60, 240])
def test_a_learned_hold_settles_near_the_true_one_wherever_it_begins(told: float, first: int, median: int) -> None:
    rng = random.Random(3)
    stays = [median * rng.lognormvariate(0, 0.8) for _ in range(4000)]
    true, hold = 1.2 * mean(stays), first
    for _ in range(40):
        ended = [duration(stay, hold, told=rng.random() < told) for stay in stays]
        learned = round(1.2 * mean(stay_of(each, hold) for each in ended))
        if is_worth_changing(hold, learned):
            hold = learned
    assert hold == pytest.approx(true, rel=0.25)


def test_small_changes_are_not_published() -> None:
    assert not is_worth_changing(300, 330)
    assert is_worth_changing(300, 331)
    assert is_worth_changing(300, 269)
