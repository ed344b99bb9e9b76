from __future__ import annotations

import pytest

from chalicelib.runtime.chance import chance
from tests.conftest import forget_caches


def drawn() -> list[int]:
    forget_caches()
    rng = chance()
    return [rng.randrange(1_000_000) for _ in range(5)]


def test_a_simulations_seed_draws_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_TEST_SEED", "7")
    first = drawn()
    assert drawn() == first
    monkeypatch.setenv("CALLPATH_TEST_SEED", "8")
    assert drawn() != first


def test_without_a_seed_nobody_can_predict_what_is_drawn() -> None:
    assert drawn() != drawn()
