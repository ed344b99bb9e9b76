"""Attribution models: how a call's touches share its credit. Pure. docs/attribution.md says what each is for.

A model is named by a text. `model_of` reads it in any spelling and gives the model with its one canonical spec:

    last_non_direct   last_touch   first_touch   linear
    time_decay:7d                                   half-life in days (d) or hours (h); 7 days where none is given
    position_based:40/20/40                         percent of the first touch, of all between, of the last
    custom:first=30,middle=20,last=50,direct=0      any weights by position; what a direct touch keeps, in percent

A further one is a function that gives each touch an amount, oldest first, and a row in _READERS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from chalicelib.core.apportion import apportion
from chalicelib.core.errors import BadInput

ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
LEAST_HALF_LIFE, LONGEST_HALF_LIFE = timedelta(hours=1), timedelta(days=365)


class Step(Protocol):
    """What a model needs to know of a touch."""

    @property
    def at(self) -> datetime: ...
    @property
    def direct(self) -> bool: ...  # nobody sent the visitor


Amounts = Callable[[Sequence[Step]], list[Decimal]]


@dataclass(frozen=True, slots=True)
class Model:
    """A model by its canonical spec. `amounts` are relative: none below 0."""

    spec: str
    amounts: Amounts

    def weights(self, steps: Sequence[Step]) -> tuple[Decimal, ...]:
        """Return the weight of each touch, oldest first; they sum to exactly 1. `steps` has at least one."""
        return (ONE,) if len(steps) == 1 else apportion(self.amounts(steps))

    def split(self, paths: Sequence[tuple[Decimal, Sequence[Step]]]) -> list[tuple[int, int, Decimal]]:
        """Return (path, touch, weight) of each weight above 0: exactly 1 in all.

        A path is a possible caller: their share, and their touches, oldest first and at least one.
        """
        if len(paths) == 1:
            return [(0, index, weight) for index, weight in enumerate(self.weights(paths[0][1])) if weight]
        parts = [
            (path, index, share * weight)
            for path, (share, steps) in enumerate(paths)
            for index, weight in enumerate(self.weights(steps))
            if weight
        ]
        weights = apportion([amount for *_, amount in parts])
        return [(path, index, weight) for (path, index, _), weight in zip(parts, weights, strict=True) if weight]


def last_touch(steps: Sequence[Step]) -> list[Decimal]:
    """Give all to the touch before the call."""
    return _all_to(len(steps) - 1, steps)


def first_touch(steps: Sequence[Step]) -> list[Decimal]:
    """Give all to the touch that brought the visitor for the first time."""
    return _all_to(0, steps)


def last_non_direct(steps: Sequence[Step]) -> list[Decimal]:
    """Give all to the last touch that is not direct; to the last one where all are."""
    sent = [index for index, step in enumerate(steps) if not step.direct]
    return _all_to(sent[-1] if sent else len(steps) - 1, steps)


def linear(steps: Sequence[Step]) -> list[Decimal]:
    """Give the same to each touch."""
    return [ONE] * len(steps)


def time_decay(half_life: timedelta) -> Amounts:
    """Give half as much to a touch that is a half-life older: 2^(−age / half-life)."""

    def amounts(steps: Sequence[Step]) -> list[Decimal]:
        latest = steps[-1].at
        return [Decimal(2.0 ** ((step.at - latest) / half_life)) for step in steps]

    return amounts


def by_position(first: Decimal, middle: Decimal, last: Decimal) -> Amounts:
    """Give `first` to the first touch, `last` to the last, `middle` to all between; of two touches, only to these."""

    def amounts(steps: Sequence[Step]) -> list[Decimal]:
        between = len(steps) - 2
        return [first, *[middle / between for _ in range(between)], last]

    return lambda steps: amounts(steps) if len(steps) > 1 else [ONE]


def without_direct(amounts: Amounts, kept: Decimal) -> Amounts:
    """Give as `amounts` does, but to a direct touch only the fraction `kept` of its part.

    Where that is 0 it is left out before positions are counted, unless every touch is direct.
    """

    def lessened(steps: Sequence[Step]) -> list[Decimal]:
        sent = [step for step in steps if not step.direct]
        if kept:
            found = amounts(steps)
            return [amount * kept if step.direct else amount for amount, step in zip(found, steps, strict=True)]
        if not sent:
            return amounts(steps)
        given = iter(amounts(sent))
        return [ZERO if step.direct else next(given) for step in steps]

    return lessened


@lru_cache(maxsize=256)
def model_of(text: str, field: str = "model") -> Model:
    """Return the model that a text names. Raises BadInput naming `field` and saying what is wrong with it."""
    name, mark, parameters = "".join(text.lower().split()).partition(":")
    if mark and not parameters:
        raise BadInput(field, f"says nothing behind {name}:")
    if name in _READERS:
        return _READERS[name](parameters, field)
    if name not in _PLAIN:
        raise BadInput(field, f"not one of {', '.join((*_PLAIN, *_READERS))}")
    if mark:
        raise BadInput(field, f"{name} takes nothing behind it")
    return Model(name, _PLAIN[name])


def _read_time_decay(parameters: str, field: str) -> Model:
    found = re.fullmatch(r"(\d{1,5})([dh]?)", parameters or "7d")
    if not found:
        raise BadInput(field, "the half-life is not whole days or hours, as in time_decay:7d or time_decay:36h")
    number = int(found[1])
    half_life = timedelta(hours=number) if found[2] == "h" else timedelta(days=number)
    if not LEAST_HALF_LIFE <= half_life <= LONGEST_HALF_LIFE:
        raise BadInput(field, "the half-life is not from 1 hour to 365 days")
    days, rest = divmod(half_life, timedelta(days=1))
    length = f"{half_life // timedelta(hours=1)}h" if rest else f"{days}d"
    return Model(f"time_decay:{length}", time_decay(half_life))


def _read_position_based(parameters: str, field: str) -> Model:
    parts = (parameters or "40/20/40").split("/")
    if len(parts) != 3:
        raise BadInput(field, "not three percentages, as in position_based:40/20/40")
    first, middle, last = (_percent(part, field) for part in parts)
    if first + middle + last != HUNDRED:
        raise BadInput(field, f"the percentages add up to {_shown(first + middle + last)}, not to 100")
    return Model(f"position_based:{_shown(first)}/{_shown(middle)}/{_shown(last)}", by_position(first, middle, last))


def _read_custom(parameters: str, field: str) -> Model:
    pairs = [part.partition("=") for part in parameters.split(",")] if parameters else []
    names = [name for name, _, _ in pairs]
    if not pairs or not {*_POSITIONS, "direct"}.issuperset(names) or len(set(names)) < len(names):
        raise BadInput(field, "names not its weights, each once, as in custom:first=30,middle=20,last=50,direct=0")
    given = {name: _percent(value, field, name) for name, _, value in pairs}
    weights = {name: given.get(name, ZERO) for name in _POSITIONS}
    if not any(weights.values()):
        raise BadInput(field, f"none of {', '.join(_POSITIONS)} is above 0")
    direct = given.get("direct", HUNDRED)
    shown = ",".join(f"{name}={_shown(value)}" for name, value in {**weights, "direct": direct}.items())
    return Model(f"custom:{shown}", without_direct(by_position(*weights.values()), direct / HUNDRED))


def _percent(text: str, field: str, name: str = "a percentage") -> Decimal:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", text) or Decimal(text) > HUNDRED:
        raise BadInput(field, f"{name} is not a number from 0 to 100")
    return Decimal(text)


def _shown(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _all_to(winner: int, steps: Sequence[Step]) -> list[Decimal]:
    return [ONE if index == winner else ZERO for index in range(len(steps))]


_POSITIONS = ("first", "middle", "last")
_PLAIN: dict[str, Amounts] = {
    "last_non_direct": last_non_direct,
    "last_touch": last_touch,
    "first_touch": first_touch,
    "linear": linear,
}
_READERS: dict[str, Callable[[str, str], Model]] = {
    "time_decay": _read_time_decay,
    "position_based": _read_position_based,
    "custom": _read_custom,
}
# Canonical spec → model: those whose credit the facts hold ready. Any other is computed when a report asks for it.
MODELS: dict[str, Model] = {model.spec: model for model in map(model_of, (*_PLAIN, "time_decay", "position_based"))}
