"""The sizing formulas, with published figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pool.statistics import sizing
from chalicelib.pool.statistics.sizing import Prices, accuracy, erlang_b, numbers_for

# Days whose accuracy figures were published without their hours; these hours reproduce them. The peak hour has 7.4 % of
# a shop's visits and 11.8 % of an office's.
SHOP = (22, 15, 8, 5, 4, 5, 6, 7, 15, 30, 48, 53, 55, 63, 71, 72, 74, 74, 73, 73, 63, 57, 54, 49)
OFFICE = (2, 2, 2, 2, 2, 2, 2, 3, 4, 17, 58, 88, 105, 115, 118, 116, 110, 93, 78, 38, 25, 9, 4, 4)


def hours(profile: tuple[int, ...], visits: float) -> list[float]:
    return [visits * share / sum(profile) for share in profile]


@pytest.mark.parametrize(
    ("erlangs", "numbers", "blocked"),
    [(0, 0, 1), (0, 3, 0), (1, 1, 0.5), (1, 2, 0.2), (2, 2, 0.4), (2, 1, 2 / 3), (10, 10, 0.2146), (100, 100, 0.0757)],
)
def test_erlang_b_gives_the_values_of_the_tables(erlangs: float, numbers: int, blocked: float) -> None:
    assert erlang_b(erlangs, numbers) == pytest.approx(blocked, abs=5e-5)


def test_erlang_b_stays_stable_where_factorials_overflow() -> None:
    assert 0 < erlang_b(9_500, 10_000) < 1e-6
    assert erlang_b(20_000, 10_000) == pytest.approx(0.5, abs=1e-3)


@given(st.floats(0.01, 500), st.integers(1, 300))
def test_each_number_more_helps_and_each_helps_less(erlangs: float, numbers: int) -> None:
    fewer, present, more = (erlang_b(erlangs, size) for size in (numbers - 1, numbers, numbers + 1))
    assert 1 >= fewer >= present >= more >= 0
    assert fewer - present >= present - more - 1e-12


def test_erlang_b_refuses_what_is_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        erlang_b(-1, 2)
    with pytest.raises(ValueError, match="negative"):
        erlang_b(1, -2)


def test_a_fifth_more_than_the_mean_is_too_little_for_a_small_site() -> None:
    assert 1 - accuracy([60.0], 60, 2) == pytest.approx(0.2)  # one erlang, two numbers


@pytest.mark.parametrize(
    ("visits", "numbers", "published"),
    [
        (100, 2, {3: 96.6, 5: 92.2, 8: 85.1, 10: 80.4}),
        (300, 4, {3: 98.7, 5: 94.8, 8: 85.8, 10: 79.5}),
        (1_000, 11, {3: 99.9, 5: 98.6, 8: 90.5, 10: 82.8}),
        (10_000, 101, {3: 100, 5: 100, 8: 97.4, 10: 89.2}),
        (50_000, 501, {3: 100, 5: 100, 8: 99.1, 10: 90.9}),
    ],
)
def test_a_shop_that_follows_the_first_guess_is_as_accurate_as_published(
    visits: int, numbers: int, published: dict[int, float]
) -> None:
    assert sizing.numbers_by_visits(visits) == numbers
    for minutes, percent in published.items():
        assert 100 * accuracy(hours(SHOP, visits), 60 * minutes, numbers) == pytest.approx(percent, abs=0.1)


@pytest.mark.parametrize(
    ("visits", "numbers", "percent"),
    [(100, 2, 75.0), (300, 4, 72.1), (1_000, 11, 73.2), (10_000, 101, 76.5), (50_000, 501, 77.3)],
)
def test_the_first_guess_fails_in_office_hours(visits: int, numbers: int, percent: float) -> None:
    assert 100 * accuracy(hours(OFFICE, visits), 480, numbers) == pytest.approx(percent, abs=0.1)


@pytest.mark.parametrize(("visits", "shop", "office"), [(100, 4, 5), (300, 8, 10), (1_000, 16, 23)])
def test_the_fewest_numbers_for_99_percent_are_as_published(visits: int, shop: int, office: int) -> None:
    assert numbers_for(hours(SHOP, visits), 480, 0.01) == shop
    assert numbers_for(hours(OFFICE, visits), 480, 0.01) == office


def test_large_sites_need_fewer_numbers_than_the_first_guess_when_visits_are_short() -> None:
    assert numbers_for(hours(SHOP, 10_000), 180, 0.01) == 46
    assert numbers_for(hours(SHOP, 50_000), 180, 0.01) == pytest.approx(196, abs=1)
    assert numbers_for(hours(SHOP, 1_000), 300, 0.01) == 12
    assert numbers_for(hours(SHOP, 1_000), 600, 0.01) == 19


def test_an_hour_weighs_by_its_arrivals() -> None:
    busy, quiet = 600.0, 6.0
    alone = erlang_b(busy / 3600 * 300, 40)
    assert accuracy([busy, quiet], 300, 40) == pytest.approx(1 - alone * busy / (busy + quiet))


def test_a_day_without_visits_is_accurate_and_needs_no_number() -> None:
    assert accuracy([], 300, 0) == 1
    assert accuracy([0, 0], 300, 3) == 1
    assert numbers_for([0, 0], 300, 0.01) == 0


@given(st.lists(st.floats(0.1, 2_000), min_size=1, max_size=24), st.floats(30, 900), st.floats(0.001, 0.5))
def test_numbers_for_meets_its_target_and_one_number_less_does_not(
    visits: list[float], seconds: float, overflow: float
) -> None:
    numbers = numbers_for(visits, seconds, overflow)
    assert 1 - accuracy(visits, seconds, numbers) <= overflow + 1e-9
    assert numbers == 0 or 1 - accuracy(visits, seconds, numbers - 1) > overflow - 1e-9


def test_numbers_for_refuses_what_no_pool_can_meet() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        numbers_for([10], 300, 0)
    with pytest.raises(ValueError, match="more than 10000"):
        numbers_for([1_000_000], 300, 0.01)


@pytest.mark.parametrize(("visits", "numbers"), [(1_000, 11), (0, 1), (1, 2), (150, 3), (1_001, 12)])
def test_the_first_guess_is_a_hundredth_of_the_visits_and_one(visits: int, numbers: int) -> None:
    assert sizing.numbers_by_visits(visits) == numbers


@pytest.mark.parametrize(("peak", "numbers"), [(10, 12), (5, 6), (1, 2), (11, 14), (0, 0)])
def test_the_peak_gets_a_fifth_more(peak: int, numbers: int) -> None:
    assert sizing.numbers_by_peak(peak) == numbers


def test_the_hold_is_the_time_on_site_and_a_fifth() -> None:
    assert sizing.hold_for(5 * 60) == 6 * 60
    assert sizing.hold_for(Decimal("100.1")) == 121


def test_the_month_costs_its_numbers_its_minutes_and_the_service() -> None:
    prices = Prices(Decimal("150.50"), Decimal("1.90"), Decimal(2000))
    assert sizing.monthly_cost(11, 1_200, prices) == Decimal("5935.50")
    assert sizing.estimated_cost(1_000, 1_200, prices) == Decimal("5935.50")
    assert sizing.estimated_cost(1_050, 0, prices) == Decimal("11.5") * Decimal("150.50") + 2000


def test_one_number_more_or_less_changes_accuracy_and_cost() -> None:
    prices = Prices(Decimal(100), Decimal(0), Decimal(0))
    found = sizing.marginal(hours(SHOP, 1_000), 480, 11, 0, prices)
    assert found.fewer is not None
    assert found.fewer.accuracy < found.present.accuracy < found.more.accuracy
    assert 100 * found.present.accuracy == pytest.approx(90.5, abs=0.1)
    costs = [found.fewer.cost, found.present.cost, found.more.cost]
    assert costs == [Decimal(1000), Decimal(1100), Decimal(1200)]
    assert sizing.marginal([60.0], 60, 0, 0, prices).fewer is None
