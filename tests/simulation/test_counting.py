"""The census beside a plain account of what happened, briefly. `make simulate` has three weeks of it, on more seeds."""

from __future__ import annotations

import pytest

from tests.simulation import counting
from tests.simulation.counting import Trial, compare, watch


@pytest.mark.parametrize("goodbyes", [1.0, 0.0])
def test_leases_are_counted_exactly_and_stays_within_the_estimate(goodbyes: float) -> None:
    seen = watch(Trial(goodbyes, 360, seed=7, days=2, numbers=12, visits=1_500))
    found = compare(seen)
    assert found.minutes == 2 * 1440
    assert found.leases > 2_000
    assert found.wrong == 0
    assert found.stay == pytest.approx(1, abs=0.1)
    assert found.arrivals <= 0.05  # the health rounds to a tenth
    assert found.profile < 0.02
    assert 0.85 < seen.hold / seen.true_hold < 1.15


def test_the_comparison_sees_a_lease_that_nobody_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "needs_history", lambda *_: False)
    assert compare(watch(Trial(0.6, 360, seed=7, days=1, numbers=12, visits=3_000))).wrong > 0
