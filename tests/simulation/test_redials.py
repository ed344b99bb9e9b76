"""Redials and late calls against visitors whose calls are known: one shop, quickly. `make simulate` has the tables."""

from __future__ import annotations

import pytest

from tests.simulation import redials
from tests.simulation.attribution import Score
from tests.simulation.callers import MINUTES, Shop, watch
from tests.simulation.redials import LEARNED, PRIOR, REDIALLING, TODAY


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, Score]]:
    return redials.measure(Shop("half in use", 12, 0.5, REDIALLING), seed=7, learning=3, before=3, tested=1)


@pytest.mark.parametrize("rule", [PRIOR, LEARNED])
def test_redials_are_given_to_who_called_before(scores: dict[str, dict[str, Score]], rule: str) -> None:
    before, after = scores[TODAY], scores[rule]
    assert before["stranger"].calls == after["stranger"].calls > 20
    assert after["stranger"].right > 0.7 * after["stranger"].calls > 3 * before["stranger"].right
    assert after["all"].right > before["all"].right
    assert after["all"].brier < before["all"].brier


def test_who_dials_again_has_called_the_number_from_the_same_visit() -> None:
    rings = watch(Shop("half in use", 12, 0.5, REDIALLING), seed=8, days=1).rings
    first = {(ring.caller, ring.number) for ring in rings if not ring.again}
    again = [ring for ring in rings if ring.again]
    assert again and all((ring.caller, ring.number) in first for ring in again)
    assert any(ring.phone and ring.phone != ring.caller for ring in rings), "some come anew in another browser"
    assert any(ring.phone is None for ring in rings), "and some withhold their number"


def test_a_late_call_is_right_the_less_often_the_later_it_comes() -> None:
    seen = watch(Shop("full", 12, 0.95), seed=9, days=1, late=0.2)
    right = [[late.right for late in seen.late if late.minute == minute] for minute in range(MINUTES)]
    shares = [sum(each) / len(each) for each in right]
    assert 0.6 < seen.use <= 1
    assert min(shares[:2]) > 0.9
    assert shares[3] > shares[5] > shares[7]
