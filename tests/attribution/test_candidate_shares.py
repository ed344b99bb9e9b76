"""Who is worth naming as a caller, and with what share."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.attribution.candidate_shares import LEAST_SHARE, MOST, candidates_of, named
from chalicelib.calls.evidence import Candidate
from chalicelib.pool.statistics.delay_profile import CallCandidate, Likelihoods, ShownVisitor
from chalicelib.visits.types import Touch

RATES = st.floats(1e-12, 1e-2)


def competing(*likelihoods: float, background: float = 0.0) -> Likelihoods:
    ordered = sorted(likelihoods, reverse=True)
    shown = [ShownVisitor(f"v{index}", 0, 100) for index in range(len(ordered))]
    return Likelihoods(tuple(map(CallCandidate, shown, [0] * len(ordered), ordered)), background)


def found(likelihoods: Likelihoods, at: float = 130) -> tuple[Candidate, ...]:
    return candidates_of(*named(likelihoods), at, lambda _: ())


@given(st.lists(RATES, max_size=20), st.floats(0, 1e-2))
def test_the_shares_are_exactly_one_and_nobody_is_below_the_least(rates: list[float], background: float) -> None:
    plausible, rest = named(competing(*rates, background=background))
    assert len(plausible) <= MOST
    if plausible:
        candidates = candidates_of(plausible, rest, 130, lambda _: ())
        assert sum(each.share for each in candidates) == 1
        assert [each.share for each in candidates] == sorted((each.share for each in candidates), reverse=True)
        assert all(each.share > Decimal(LEAST_SHARE) * Decimal("0.999") for each in candidates)
        assert sum(each.visitor is None for each in candidates) == bool(rest)


def test_an_implausible_rival_leaves_the_whole_call_to_the_other() -> None:
    (candidate,) = found(competing(1e-4, 1e-6, background=1e-6))
    assert (candidate.share, candidate.visitor, candidate.delay_seconds) == (Decimal(1), "v0", 30)


def test_many_implausible_ones_are_together_somebody_else() -> None:
    leader, others = found(competing(1e-4, *[2e-6] * 10))
    assert (leader.visitor, others.visitor) == ("v0", None)
    assert float(others.share) == pytest.approx(2e-5 / 1.2e-4, rel=1e-6)


def test_where_nobody_is_plausible_nobody_is_named() -> None:
    plausible, rest = named(competing(1e-6, background=1e-3))
    assert plausible == [] and rest > 0
    assert named(competing()) == ([], 0.0)


def test_a_candidate_brings_the_touches_of_their_visits() -> None:
    asked: list[str] = []

    def touches_of(visitor: str) -> tuple[Touch, ...]:
        asked.append(visitor)
        return ()

    candidates_of(*named(competing(1e-4, 9e-5, 1e-7, background=1e-5)), 130, touches_of)
    assert asked == ["v0", "v1"], "only who is named costs a look"
