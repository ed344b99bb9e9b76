"""Shared credit against visitors whose calls are known: one shop, quickly. `make simulate` has the whole table."""

from __future__ import annotations

import pytest

from tests.simulation.attribution import NOBODY, SHOPS, Score, measure
from tests.simulation.callers import Ring, watch


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, Score]]:
    return measure(SHOPS[1], seed=7, learning=6, tested=1)


def brier(score: Score) -> float:
    return score.brier / score.calls


def test_shared_credit_is_nearer_to_the_truth_and_right_as_often(scores: dict[str, dict[str, Score]]) -> None:
    before, after = scores["winner takes all"]["all"], scores["shared, learned"]["all"]
    assert before.calls == after.calls > 250
    assert brier(after) < 0.75 * brier(before)
    assert after.right >= before.right


def test_what_was_learned_is_better_than_the_prior(scores: dict[str, dict[str, Score]]) -> None:
    assert brier(scores["shared, learned"]["all"]) < brier(scores["shared, nothing learned"]["all"])


def test_a_sure_call_is_nearly_always_right(scores: dict[str, dict[str, Score]]) -> None:
    pairs = scores["shared, learned"]["all"].by_share[6]
    assert sum(hit for _, hit in pairs) / len(pairs) > 0.93


def test_a_score_knows_perfect_and_hopeless_answers() -> None:
    ring = Ring(0.0, "a", (), overflow=False, winner=None)
    for shares, distance, right in (({NOBODY: 1.0}, 0, 1), ({"b": 1.0}, 2, 0), ({"b": 0.5, NOBODY: 0.5}, 0.5, 0.5)):
        score = Score()
        score.add(ring, shares, {})
        assert (score.brier, score.right) == (distance, right)


def test_the_same_seed_is_the_same_days() -> None:
    assert watch(SHOPS[0], 1, 1).rings == watch(SHOPS[0], 1, 1).rings
