"""Attribution models: how a call's touches share its credit. Pure. A new one is one function and one row in MODELS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal

from chalicelib.attribution.types import Touch

Model = Callable[[Sequence[Touch]], tuple[Decimal, ...]]

ONE = Decimal(1)
STEP = Decimal("0.00000001")  # the facts hold eight digits


def last_touch(touches: Sequence[Touch]) -> tuple[Decimal, ...]:
    """All to the touch before the call."""
    return _all_to(len(touches) - 1, touches)


def first_touch(touches: Sequence[Touch]) -> tuple[Decimal, ...]:
    """All to the touch that brought the visitor for the first time."""
    return _all_to(0, touches)


def last_non_direct(touches: Sequence[Touch]) -> tuple[Decimal, ...]:
    """All to the last touch that came from somewhere; to the last one where all were direct."""
    told = [index for index, touch in enumerate(touches) if touch.source.channel != "direct"]
    return _all_to(told[-1] if told else len(touches) - 1, touches)


def linear(touches: Sequence[Touch]) -> tuple[Decimal, ...]:
    """The same to each touch; what does not divide goes to the last."""
    share = (ONE / len(touches)).quantize(STEP, ROUND_DOWN)
    return (*[share] * (len(touches) - 1), ONE - share * (len(touches) - 1))


def _all_to(winner: int, touches: Sequence[Touch]) -> tuple[Decimal, ...]:
    return tuple(ONE if index == winner else Decimal(0) for index in range(len(touches)))


# Name → the weight of each touch, oldest first; never asked for a call without touches. The weights sum to exactly 1.
MODELS: dict[str, Model] = {
    "last_non_direct": last_non_direct,
    "last_touch": last_touch,
    "first_touch": first_touch,
    "linear": linear,
}
