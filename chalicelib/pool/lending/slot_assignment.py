"""Which slot a new number gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.pool.lending.lease_group import SLOTS, Group, Position


def assign_slots(groups: Mapping[int, Group], numbers: Iterable[str]) -> dict[str, Position]:
    """Return a slot for each number: the one kept for it, else the first empty one, else one in a new group."""
    kept = {
        slot.kept_for: Position(group, index)
        for group, state in groups.items()
        for index, slot in enumerate(state.slots)
        if slot.kept_for is not None
    }
    empty = (
        Position(group, index)
        for group in sorted(groups)
        for index, slot in enumerate(groups[group].slots)
        if slot.empty
    )
    new = (Position(group, index) for group in range(len(groups), 1 << 16) for index in range(SLOTS))
    return {number: kept.get(number) or next(empty, None) or next(new) for number in numbers}


def by_group(positions: Mapping[str, Position]) -> dict[int, dict[int, str]]:
    """Return group → slot → number."""
    groups: dict[int, dict[int, str]] = {}
    for number, position in positions.items():
        groups.setdefault(position.group, {})[position.slot] = number
    return dict(sorted(groups.items()))
