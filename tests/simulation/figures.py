"""The figures the pool is held to, on seeds that no constant was chosen with."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean
from typing import NamedTuple

from tests.simulation.cells import GUARDED, HELD_OUT_SEEDS, SMALL, USE_50, USE_90, USE_95
from tests.simulation.packed import PackedGroups
from tests.simulation.run import Cell, simulate
from tests.simulation.tally import Tally, quantile

QUICK_LEASES = 4_000


class Target(NamedTuple):
    """A figure, and the most it may be."""

    name: str
    value: float
    unit: str
    most: float


def rows(quick: bool = True) -> list[tuple[str, float, str]]:
    """(name, value, unit) for the benchmark table. Quick: one seed and fewer leases, about half a minute."""
    named = {"lease_round_trips_50", "lease_round_trips_90", "lease_write_units", "lease_dollars_50"}
    named |= {"false_overflow_95", "double_leases"}
    return [(name, value, unit) for name, value, unit, _ in targets(quick) if name in named]


def targets(quick: bool = False) -> list[Target]:
    """Every target, measured."""
    half, ninety, full, guarded = (_runs(cell, quick) for cell in (USE_50, USE_90, USE_95, GUARDED))
    small = [] if quick else [_runs(cell, quick) for cell in SMALL]
    everything = [tally for tallies in (half, ninety, full, guarded, *small) for tally in tallies]
    found = [
        Target("lease_round_trips_50", mean(tally.mean_trips for tally in half), "round trips", 1.2),
        Target("lease_round_trips_90", mean(tally.mean_trips for tally in ninety), "round trips", 1.6),
        Target("lease_write_units", mean(tally.writes_with_history for tally in half), "units", 1.08),
        Target("lease_dollars_50", mean(tally.dollars_per_million for tally in half), "$ per million", 0.70),
        Target("false_overflow_95", mean(tally.false_overflow for tally in full), "of requests", 0.001),
        Target("double_leases", sum(tally.truth.doubles for tally in everything), "leases", 0),
    ]
    for cell, tallies in zip(SMALL, small, strict=False):
        mean_trips = mean(tally.mean_trips for tally in tallies)
        slow = max(quantile(tally.trips, 0.99) for tally in tallies)
        found.append(Target(f"round trips, {cell.name}", mean_trips, "round trips", 2.0))
        found.append(Target(f"p99 round trips, {cell.name}", slow, "round trips", 3))
    return found


def _runs(cell: Cell, quick: bool) -> list[Tally]:
    if not quick:
        return [simulate(cell, PackedGroups, seed) for seed in HELD_OUT_SEEDS]
    return [simulate(replace(cell, leases=QUICK_LEASES), PackedGroups, HELD_OUT_SEEDS[0])]
