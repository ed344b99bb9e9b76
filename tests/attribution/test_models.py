"""Models share a call's credit exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.attribution.models import MODELS
from chalicelib.attribution.types import Source, Touch

CHANNELS = st.lists(st.sampled_from(["direct", "paid_search", "social"]), min_size=1, max_size=50)


def touches(channels: list[str]) -> tuple[Touch, ...]:
    begun = datetime(2026, 11, 1, tzinfo=UTC)
    return tuple(
        Touch(begun + timedelta(hours=hour), "", "", "", Source(channel, "", "", "", "", ""))
        for hour, channel in enumerate(channels)
    )


@given(CHANNELS, st.sampled_from(sorted(MODELS)))
def test_the_parts_are_exactly_one_and_fit_eight_digits(channels: list[str], model: str) -> None:
    weights = MODELS[model](touches(channels))
    assert len(weights) == len(channels)
    assert sum(weights) == 1
    assert all(0 <= weight <= 1 and weight == weight.quantize(Decimal("0.00000001")) for weight in weights)


@pytest.mark.parametrize(
    ("model", "channels", "winner"),
    [
        ("last_touch", ["paid_search", "social", "direct"], 2),
        ("first_touch", ["paid_search", "social", "direct"], 0),
        ("last_non_direct", ["paid_search", "social", "direct"], 1),
        ("last_non_direct", ["direct", "direct"], 1),
        ("last_non_direct", ["direct"], 0),
    ],
)
def test_one_touch_takes_all(model: str, channels: list[str], winner: int) -> None:
    assert [index for index, weight in enumerate(MODELS[model](touches(channels))) if weight == 1] == [winner]


def test_linear_gives_the_remainder_to_the_last() -> None:
    third = Decimal("0.33333333")
    assert MODELS["linear"](touches(["direct"] * 3)) == (third, third, Decimal("0.33333334"))
