"""One measured figure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`value` in `unit`; `floor` is what cannot be beaten, measured in the same run; `ratio` is value / floor."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def against_floor(name: str, measured: list[float], floor: list[float], unit: str, note: str = "") -> Row:
    """Medians of two lists that were measured alternately, and the median of their pairwise ratios."""
    ratios = [mine / theirs for mine, theirs in zip(measured, floor, strict=True)]
    return Row(name, round(median(measured), 4), unit, round(median(floor), 4), round(median(ratios), 3), note)
