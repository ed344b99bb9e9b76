"""Models share a call's credit exactly, and a model's text is read in any spelling into one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.attribution.models import MODELS, Model, model_of
from chalicelib.core.apportion import STEP, apportion
from chalicelib.core.errors import BadInput

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)


class Step(NamedTuple):
    at: datetime
    direct: bool


def steps(*hours: float, direct: tuple[int, ...] = ()) -> list[Step]:
    """Touches at so many hours; those at the places `direct` came from nowhere."""
    return [Step(BEGUN + timedelta(hours=hour), place in direct) for place, hour in enumerate(hours)]


PERCENTS = st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100)
SPECS = st.one_of(
    st.sampled_from(sorted(MODELS)),
    st.integers(1, 365).map(lambda days: f"time_decay:{days}d"),
    st.integers(1, 8760).map(lambda hours: f"time_decay:{hours}h"),
    st.tuples(st.integers(0, 100), st.integers(0, 100))
    .filter(lambda parts: sum(parts) <= 100)
    .map(lambda parts: f"position_based:{parts[0]}/{parts[1]}/{100 - sum(parts)}"),
    st.tuples(PERCENTS, PERCENTS, PERCENTS, PERCENTS)
    .filter(lambda parts: any(parts[:3]))
    .map(lambda parts: "custom:first={},middle={},last={},direct={}".format(*parts)),
)
TOUCHES = st.lists(st.tuples(st.floats(0, 24 * 400), st.booleans()), min_size=1, max_size=40).map(
    lambda given: [Step(BEGUN + timedelta(hours=hour), direct) for hour, direct in sorted(given)]
)


@given(TOUCHES, SPECS)
def test_the_weights_are_exactly_one_and_fit_eight_digits(touches: list[Step], spec: str) -> None:
    weights = model_of(spec).weights(touches)
    assert len(weights) == len(touches)
    assert sum(weights) == 1
    assert all(0 <= weight <= 1 and weight == weight.quantize(STEP) for weight in weights)


@given(st.lists(st.tuples(st.integers(1, 10**8), TOUCHES), min_size=1, max_size=6), SPECS)
def test_candidates_and_touches_multiply_and_still_are_exactly_one(
    candidates: list[tuple[int, list[Step]]], spec: str
) -> None:
    shares = apportion([Decimal(amount) for amount, _ in candidates])
    paths = [(share, touches) for share, (_, touches) in zip(shares, candidates, strict=True)]
    parts = model_of(spec).split(paths)
    assert sum(weight for *_, weight in parts) == 1
    assert all(weight > 0 and weight == weight.quantize(STEP) for *_, weight in parts)
    for path, share in enumerate(shares):
        given_to_it = sum(weight for index, _, weight in parts if index == path)
        assert abs(given_to_it - share) <= STEP * sum(len(touches) for _, touches in paths)


@given(SPECS)
def test_a_canonical_spec_reads_as_itself(spec: str) -> None:
    canonical = model_of(spec).spec
    assert model_of(canonical).spec == canonical


@pytest.mark.parametrize(
    ("model", "direct", "winner"),
    [
        ("last_touch", (2,), 2),
        ("first_touch", (2,), 0),
        ("last_non_direct", (2,), 1),
        ("last_non_direct", (0, 1, 2), 2),
        ("last_non_direct", (0, 2), 1),
    ],
)
def test_one_touch_takes_all(model: str, direct: tuple[int, ...], winner: int) -> None:
    weights = model_of(model).weights(steps(0, 1, 2, direct=direct))
    assert [place for place, weight in enumerate(weights) if weight == 1] == [winner]


@pytest.mark.parametrize(
    ("spec", "touches", "weights"),
    [
        ("linear", steps(0, 1, 2), "0.33333333 0.33333333 0.33333334"),
        ("time_decay:1d", steps(0, 24, 48), "0.14285714 0.28571429 0.57142857"),
        ("time_decay:12h", steps(0, 12), "0.33333333 0.66666667"),
        ("position_based", steps(0, 1), "0.5 0.5"),
        ("position_based", steps(0, 1, 2, 3), "0.4 0.1 0.1 0.4"),
        ("position_based:0/100/0", steps(0, 1), "0.5 0.5"),
        ("custom:first=30,middle=20,last=50", steps(0, 1, 2, direct=(2,)), "0.3 0.2 0.5"),
        ("custom:first=30,middle=20,last=50,direct=0", steps(0, 1, 2, direct=(2,)), "0.375 0.625 0"),
        ("custom:first=30,middle=20,last=50,direct=0", steps(0, 1, 2, 3, direct=(1,)), "0.3 0 0.2 0.5"),
        ("custom:first=1,last=1,direct=0", steps(0, 1, direct=(0, 1)), "0.5 0.5"),
        ("custom:first=50,last=50,direct=50", steps(0, 1, direct=(1,)), "0.66666667 0.33333333"),
    ],
)
def test_touches_share_as_the_model_says(spec: str, touches: list[Step], weights: str) -> None:
    assert model_of(spec).weights(touches) == tuple(map(Decimal, weights.split()))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (" Linear ", "linear"),
        ("time_decay", "time_decay:7d"),
        ("time_decay:7", "time_decay:7d"),
        ("time_decay:168h", "time_decay:7d"),
        ("time_decay:36h", "time_decay:36h"),
        ("position_based", "position_based:40/20/40"),
        ("position_based:040/20.00/40", "position_based:40/20/40"),
        ("position_based:33.3/33.4/33.3", "position_based:33.3/33.4/33.3"),
        ("custom:last=50, first=30", "custom:first=30,middle=0,last=50,direct=100"),
    ],
)
def test_every_spelling_is_one_spec(text: str, spec: str) -> None:
    assert model_of(text).spec == spec


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "astrology",
            "not one of last_non_direct, last_touch, first_touch, linear, time_decay, position_based, custom",
        ),
        ("", "not one of"),
        ("linear:7", "linear takes nothing"),
        ("time_decay:", "nothing behind time_decay"),
        ("time_decay:0d", "from 1 hour to 365 days"),
        ("time_decay:400d", "from 1 hour to 365 days"),
        ("time_decay:soon", "whole days or hours"),
        ("position_based:40/60", "three percentages"),
        ("position_based:40/30/40", "add up to 110, not to 100"),
        ("position_based:-1/61/40", "not a number from 0 to 100"),
        ("custom", "custom:first=30"),
        ("custom:first=30,first=20", "each once"),
        ("custom:second=30", "each once"),
        ("custom:first=a", "first is not a number"),
        ("custom:first=101", "first is not a number"),
        ("custom:direct=50", "none of first, middle, last is above 0"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        model_of(text, "model")
    assert refused.value.field == "model"
    assert reason in refused.value.reason


def test_the_facts_hold_a_model_of_every_kind_that_needs_no_choice() -> None:
    assert list(MODELS) == [
        *("last_non_direct", "last_touch", "first_touch", "linear"),
        *("time_decay:7d", "position_based:40/20/40"),
    ]


def test_a_model_of_two_equal_specs_is_the_same_question() -> None:
    touches = steps(0, 5, 100)
    assert Model.weights(model_of("time_decay:1d"), touches) == model_of("time_decay:24h").weights(touches)


@pytest.mark.parametrize("amounts", [[], [Decimal(1), Decimal(-1)]])
def test_nothing_cannot_be_shared(amounts: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="nothing to share"):
        apportion(amounts)


def test_the_worked_example_of_the_docs_comes_out() -> None:
    """docs/attribution.md: an advertisement, VK a week later, direct another week later."""
    lines = (Path(__file__).parents[2] / "docs" / "attribution.md").read_text("utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")[1:]] for line in lines if " Nov, " in line and "|" in line
    ]
    came = steps(0, 7 * 24, 14 * 24, direct=(2,))
    specs = (*MODELS, "custom:first=30,middle=20,last=50,direct=0")
    for spec, row in zip(specs, zip(*rows, strict=True), strict=True):
        weights = model_of(spec).weights(came)
        assert [float(text) for text in row] == [round(float(weight), 4) for weight in weights], spec
