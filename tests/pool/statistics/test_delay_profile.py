"""Delay profiles: who may have made a call, and what a pool learns of its callers."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pool.statistics.delay_profile import (
    BINS,
    DELAYS,
    HASTE,
    LIVE_BINS,
    Counted,
    Profile,
    ShownVisitor,
    bin_of,
    differs,
    learned,
    likelihoods_of,
    prior_profile,
)
from chalicelib.pool.statistics.redial_rates import Sight, since_bin

GRACE = 1800
SECONDS = st.floats(-10, 200_000)


@pytest.mark.parametrize(
    ("at", "name"),
    [
        *((-1, "l0"), (0, "l0"), (3.9, "l0"), (4, "l1"), (63, "l4"), (64, "l5"), (360, "l5"), (362, "l5")),
        *(
            (362.1, "d0"),
            (420, "d1"),
            (359 + 1800, "d5"),
            (360 + 1800, "d6"),
            (359 + 86_400, "d10"),
            (360 + 86_400, None),
        ),
    ],
)
def test_a_call_finds_each_visitor_in_one_bin(at: float, name: str | None) -> None:
    place = bin_of(0, 360, at, skew=2)
    names = [*(f"l{live}" for live in range(LIVE_BINS)), *(f"d{late}" for late in range(BINS - LIVE_BINS))]
    assert (None if place is None else names[place]) == name


def test_a_new_pool_has_the_usual_shape_and_remembers_nothing() -> None:
    profile = prior_profile()
    assert profile.background == 0
    live, late = profile.rates[:LIVE_BINS], profile.rates[LIVE_BINS:]
    assert all(earlier <= later for earlier, later in pairwise(live)), "it takes a while to read and dial"
    assert all(earlier > later for earlier, later in pairwise(late)), "then the number is forgotten"
    assert learned("", counted(0), GRACE).rates == pytest.approx(profile.rates)


def test_a_visitor_who_sees_the_number_no_longer_is_never_likelier_than_one_who_does() -> None:
    profile = learned("", counted(10_000, l5=100, d1=500, d3=900), GRACE)
    rates = profile.rates[LIVE_BINS - 1 :]
    assert all(earlier >= later for earlier, later in pairwise(rates))


@given(st.lists(st.tuples(SECONDS, SECONDS, st.floats(1, 50)), max_size=8), SECONDS, st.floats(0, 1e-3))
def test_the_likeliest_comes_first(shown: list[tuple[float, float, float]], at: float, background: float) -> None:
    visitors = [
        ShownVisitor(str(index), min(one, other), max(one, other), weight)
        for index, (one, other, weight) in enumerate(shown)
    ]
    found = likelihoods_of(visitors, at, prior_profile(), background)
    likelihoods = [candidate.likelihood for candidate in found.candidates]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert found.total == pytest.approx(sum(likelihoods) + background)
    assert found.bins == tuple(sorted(candidate.bin_index for candidate in found.candidates))


def counted(leases: int, **calls: int) -> Counted:
    """Sure calls by bin; numbers are lent for five minutes in ten."""
    places = {f"l{place}": (place,) for place in range(LIVE_BINS)}
    places |= {f"d{place}": (LIVE_BINS + place,) for place in range(BINS - LIVE_BINS)}
    return Counted(
        {Sight(places.get(name, ())): count for name, count in calls.items()}, leases, leases * 300.0, leases * 600.0
    )


@pytest.mark.parametrize("level", [0.005, 0.5])
def test_only_the_shape_matters_not_how_often_a_pools_visitors_call(level: float) -> None:
    """Pools that call rarely and often, alike but for that, give a call to the same visitors."""
    one, other = (
        learned("", counted(leases, l4=400, l5=8000, d0=60, d1=60, d2=100, d3=100, kept=300), GRACE)
        for leases in (round(9020 / level), round(9020 / 0.05))
    )
    ratios = [a / b for a, b in zip((*one.rates, one.remembered), (*other.rates, other.remembered), strict=True)]
    assert ratios == pytest.approx([level / 0.05] * len(ratios), rel=0.15)


def test_many_calls_outweigh_the_prior_and_few_do_not() -> None:
    many = learned("", counted(10**6, l5=9000, d0=900, d1=400, kept=300), GRACE)
    for place, calls in ((LIVE_BINS, 900), (LIVE_BINS + 1, 400)):
        assert 0.5 * calls < many.rates[place] * 10**6 * 60 < calls  # some were of those who remember
    assert many.background == pytest.approx(many.remembered / 600)
    few, usual = learned("", counted(200, l5=9, d1=1), GRACE), prior_profile()
    shape = [rate / few.rates[LIVE_BINS - 1] for rate in few.rates]
    assert shape == pytest.approx([rate / usual.rates[LIVE_BINS - 1] for rate in usual.rates], rel=0.6)


def test_a_delay_beyond_the_grace_is_nothing_that_can_be_counted() -> None:
    """Nobody looks back so far: that no call was seen there says nothing."""
    short, long = (learned("", counted(20_000, l5=1000, kept=50), grace) for grace in (600, 86_400))
    assert short.rates[LIVE_BINS + 8] > 1.3 * long.rates[LIVE_BINS + 8]


def test_small_changes_are_no_news() -> None:
    profile = prior_profile()
    near, far = (Profile("x", tuple(rate * by for rate in profile.rates), 0, 0) for by in (1.05, 1.2))
    assert not differs(profile, near)
    assert differs(profile, far)


def test_the_true_rates_are_found_though_hardly_a_late_call_is_sure() -> None:
    """One number goes round: five minutes lent, some minutes free. Calls are drawn by true rates; half come late."""
    rng, calls = random.Random(3), 8000
    stay, free, kept = 300.0, 240.0, 2e-5
    turn = stay + free
    truth = (*(haste * 1.2e-4 for haste in HASTE), *[5e-5] * 2, *[3e-5] * 2, *[5e-6] * 2, *[0.0] * 5)
    true = Profile("", truth, kept * turn, 1 / turn)
    seen: Counter[Sight] = Counter()
    tried, now = 0, 0.0
    begun: list[float] = []
    while seen.total() < calls:
        tried, now = tried + 1, now + 400.0
        while not begun or begun[-1] + stay < now:
            begun.append((begun[-1] + stay if begun else 0.0) + rng.expovariate(1 / free))
        shown = [at for at in begun[-9:] if at <= now and now - at - stay <= GRACE]
        found = likelihoods_of([ShownVisitor(str(at), at, at + stay) for at in shown], now, true, true.background)
        if rng.random() < found.total / 5e-4:
            seen[Sight(found.bins)] += 1
    seconds = tried / 5e-4  # each try represents so many seconds of the number
    leases = round(seconds / turn)
    profile = learned("", Counted(seen, leases, leases * stay, seconds), GRACE)
    widths = [end - begin for begin, end in pairwise(DELAYS)]

    def late(rates: tuple[float, ...]) -> float:
        """Calls a lease while the delay is within the grace."""
        within = rates[LIVE_BINS : LIVE_BINS + DELAYS.index(GRACE)]
        return sum(rate * width for rate, width in zip(within, widths, strict=False))

    assert late(profile.rates) == pytest.approx(late(truth), rel=0.45)  # late and remembered calls look much alike
    assert profile.rates[LIVE_BINS - 1] == pytest.approx(truth[LIVE_BINS - 1], rel=0.2)
    assert profile.background == pytest.approx(kept, rel=0.6)


def test_the_worked_example_of_the_docs_comes_out() -> None:
    """docs/attribution.md: Anna's lease ended 46 s before the call, Boris has had the number for 6 s, later for 16."""
    for after, boris_per_100_000, anna_share in ((6, 1.6, 0.265), (16, 13, 0.045)):
        anna, boris = ShownVisitor("anna", 0, 360), ShownVisitor("boris", 400, 760)
        found = likelihoods_of([anna, boris], 400.0 + after, prior_profile(), 0.0)
        rates = {candidate.shown.visitor: candidate.likelihood for candidate in found.candidates}
        assert rates["boris"] == pytest.approx(boris_per_100_000 / 100_000, rel=0.05)
        assert rates["anna"] == pytest.approx(0.6 / 100_000, rel=0.05)
        assert rates["anna"] / found.total == pytest.approx(anna_share, abs=0.01)


@pytest.mark.parametrize(
    ("hours", "per_million", "one_in", "share"), [(2, 3.02, 5273, 0.99), (30, 0.156, 13_794, 0.93)]
)
def test_the_worked_example_of_a_redial_comes_out(hours: int, per_million: float, one_in: float, share: float) -> None:
    """docs/attribution.md: Anna called some hours ago, Boris has had the number for more than a minute."""
    profile, since = prior_profile(), since_bin(3600.0 * hours)
    boris = profile.rates[LIVE_BINS - 1]
    assert boris * 1e6 == pytest.approx(162, rel=0.01)
    assert profile.redials[since] * 1e6 == pytest.approx(per_million, rel=0.01)
    assert 1 / profile.identity[since] == pytest.approx(one_in, rel=0.01)
    anna = profile.redials[since]
    assert anna / (anna + profile.identity[since] * boris) == pytest.approx(share, abs=0.005)
