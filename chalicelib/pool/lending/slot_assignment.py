"""Which slot a new number gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chalicelib.pool.lending.lease_group import SLOTS, Group


class Seat(NamedTuple):
    """A number's place in its pool."""

    group: int
    slot: int


def plan(groups: Mapping[int, Group], numbers: Iterable[str]) -> dict[str, Seat]:
    """A seat for each number: the one kept for it, else the first empty one, else one in a new group."""
    kept = {
        slot.kept_for: Seat(group, index)
        for group, image in groups.items()
        for index, slot in enumerate(image.slots)
        if slot.kept_for is not None
    }
    empty = (
        Seat(group, index) for group in sorted(groups) for index, slot in enumerate(groups[group].slots) if slot.empty
    )
    new = (Seat(group, index) for group in range(len(groups), 1 << 16) for index in range(SLOTS))
    return {number: kept.get(number) or next(empty, None) or next(new) for number in numbers}


def by_group(seats: Mapping[str, Seat]) -> dict[int, dict[int, str]]:
    """Group → slot → number."""
    groups: dict[int, dict[int, str]] = {}
    for number, seat in seats.items():
        groups.setdefault(seat.group, {})[seat.slot] = number
    return dict(sorted(groups.items()))
