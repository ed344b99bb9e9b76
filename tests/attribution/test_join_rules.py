"""Which of a caller's calls a deal belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.attribution.join_rules import call_of_caller
from chalicelib.attribution.store import CallRef

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def calls(*minutes: int) -> list[CallRef]:
    return [CallRef(str(minute), NOON + timedelta(minutes=minute), "k") for minute in minutes]


@pytest.mark.parametrize(
    ("minutes", "joined"),
    [
        ((-90, -5, 3), "-5"),
        ((0,), "0"),
        ((3, 40), "3"),
        ((60,), "60"),
        ((61,), None),
        ((), None),
        ((-100_000,), "-100000"),
    ],
)
def test_the_latest_before_else_the_first_within_an_hour(minutes: tuple[int, ...], joined: str | None) -> None:
    found = call_of_caller(calls(*minutes), NOON)
    assert (found.call_id if found else None) == joined


@given(st.lists(st.integers(-500, 500), unique=True), st.randoms())
def test_the_order_of_the_calls_does_not_matter(minutes: list[int], dice: object) -> None:
    listed = calls(*minutes)
    dice.shuffle(shuffled := list(listed))  # type: ignore[attr-defined]
    assert call_of_caller(shuffled, NOON) == call_of_caller(listed, NOON)
