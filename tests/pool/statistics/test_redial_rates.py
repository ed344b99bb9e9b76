"""Callers who dial a number again: what is counted of them, and the rates that a pool learns."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pool.statistics.delay_profile import LIVE_BINS, Counted, learned
from chalicelib.pool.statistics.redial_rates import (
    SINCE,
    SINCE_BINS,
    USUAL_NEW_VISITS,
    USUAL_REDIALS,
    NotedCall,
    Sight,
    followed,
    since_bin,
)

DAY, HOUR, GRACE = 86_400.0, 3600.0, 1800
STRANGER = LIVE_BINS - 1  # the bin of somebody who looks at the number and has read the page


def call(**said: float) -> NotedCall:
    return NotedCall((STRANGER,), known=True, **said)  # type: ignore[arg-type]


def test_each_time_since_a_call_is_in_one_bin() -> None:
    for place, (begin, end) in enumerate(pairwise((*SINCE, 10 * SINCE[-1]))):
        assert since_bin(begin) == since_bin(end - 0.1) == place


def test_usual_redials_and_new_visits_get_rarer_and_redials_faster() -> None:
    for rates in (USUAL_REDIALS, USUAL_NEW_VISITS):
        assert all(earlier > later for earlier, later in pairwise(rates))
    ratios = [new / again for new, again in zip(USUAL_NEW_VISITS, USUAL_REDIALS, strict=True)]
    assert all(earlier < later for earlier, later in pairwise(ratios))


def test_a_caller_is_followed_until_the_next_call_or_the_end() -> None:
    """One call at 0, another to the number after an hour, seen for two hours: each second belongs to one span."""
    found = followed([(0.0, call()), (HOUR, call(since_number=HOUR, since_pool=HOUR))], 0.0, 2 * HOUR)
    widths = (120, 480, 3000)
    assert found.number_seconds[:4] == found.pool_seconds[:4] == (*(2 * width for width in widths), 0)
    again = since_bin(HOUR)
    assert found.calls == {Sight((STRANGER,)): 1, Sight((STRANGER,), (), again, again): 1}


def test_a_call_to_another_number_ends_the_span_with_the_pool_alone() -> None:
    found = followed([(0.0, call()), (HOUR, call(since_pool=HOUR))], 0.0, 2 * HOUR)
    assert found.number_seconds[3] == HOUR
    assert found.pool_seconds[3] == 0
    assert Sight((STRANGER,), (), None, since_bin(HOUR)) in found.calls


def test_who_withholds_the_number_is_not_followed() -> None:
    found = followed([(0.0, NotedCall((STRANGER,)))], 0.0, DAY)
    assert found.number_seconds == found.pool_seconds == (0.0,) * SINCE_BINS


def test_a_redial_of_a_call_before_the_window_is_left_out() -> None:
    found = followed([(HOUR, call(since_number=2 * HOUR, since_pool=2 * HOUR))], 0.0, DAY)
    assert not found.calls
    assert sum(found.number_seconds) == 0


@given(st.lists(st.floats(1, 5 * DAY), min_size=1, max_size=6), st.floats(0, 9 * DAY))
def test_spans_never_last_longer_than_the_days_do(gaps: list[float], rest: float) -> None:
    """A caller of one number, whenever: the spans together are the time since the first call."""
    at, calls = 0.0, [(0.0, call())]
    for gap in gaps:
        at += gap
        calls.append((at, call(since_number=gap, since_pool=gap)))
    found = followed(calls, 0.0, at + rest)
    assert sum(found.number_seconds) == pytest.approx(at + rest, abs=1)
    assert sum(found.pool_seconds) == pytest.approx(at + rest, abs=1)


def counted(calls: dict[Sight, int], spans: int) -> Counted:
    """Four weeks of a pool of ten numbers, and so many callers followed for all of them."""
    seconds = 28 * DAY
    followed_for = [max(min(end, seconds) - begin, 0) * spans for begin, end in pairwise((*SINCE, 10 * seconds))]
    return Counted(calls, 20_000, 20_000 * 300.0, 10 * seconds, seconds, tuple(followed_for), tuple(followed_for))


def test_many_redials_make_the_rate_and_few_leave_the_usual_one() -> None:
    again = since_bin(2 * HOUR)
    plain = {Sight((STRANGER,)): 2000}
    many = learned("", counted(plain | {Sight((), (), again, again): 400}, 2000), GRACE)
    seconds = 2000 * (SINCE[again + 1] - SINCE[again])
    assert many.redials[again] == pytest.approx(400 / seconds, rel=0.1)
    none = learned("", counted(plain, 0), GRACE)
    assert none.redials == pytest.approx(USUAL_REDIALS)


def test_known_callers_at_other_numbers_show_how_likely_a_visitor_is_one_of_them() -> None:
    """Nobody has another number in the call log: a caller of it has seen it on a page."""
    since = since_bin(2 * HOUR)
    plain = {Sight((STRANGER,)): 2000}
    some, many = (
        learned("", counted(plain | {Sight((STRANGER,), (), None, since): count}, 2000), GRACE) for count in (20, 400)
    )
    assert many.identity[since] > 10 * some.identity[since]
    assert all(0 < each <= 1 for each in many.identity)


def test_a_redial_teaches_nothing_of_the_stranger_who_has_the_number() -> None:
    again = since_bin(2 * HOUR)
    plain, redials = {Sight((STRANGER,)): 500}, {Sight((STRANGER,), (), again, again): 500}
    with_redials = learned("", counted(plain | redials, 2000), GRACE)
    without = learned("", counted(plain, 2000), GRACE)
    assert with_redials.rates[STRANGER] == pytest.approx(without.rates[STRANGER], rel=0.1)


def test_the_true_rates_are_found_where_redials_and_new_visits_look_alike() -> None:
    """Two numbers, each looked at half of the time. Known callers dial again at one rate and come anew at another: then
    they call whichever number they see, half of them the one they called before.
    """
    rng, callers, again, anew = random.Random(5), 20_000, 2e-6, 1e-6
    since, seconds = since_bin(2 * HOUR), SINCE[4] - SINCE[3]
    seen: Counter[Sight] = Counter({Sight((STRANGER,)): 6000})
    for _ in range(callers):
        if rng.random() < again * seconds:
            seen[Sight((STRANGER,) * rng.randrange(2), (), since, since)] += 1
        if rng.random() < anew * seconds:
            seen[Sight((STRANGER,), (), since if rng.randrange(2) else None, since)] += 1
    spans = tuple(callers * seconds if place == since else 0.0 for place in range(SINCE_BINS))
    window = 2e6
    counted = Counted(dict(seen), 6000, window, 2 * window, window, spans, spans)
    profile = learned("", counted, GRACE)
    assert profile.redials[since] == pytest.approx(again, rel=0.15)
    assert profile.identity[since] * 6000 / window == pytest.approx(anew, rel=0.15)
