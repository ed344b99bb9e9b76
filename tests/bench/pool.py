"""The figures of the pool that need several containers and a crowd: from the simulator, which drives the same rules."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.row import Row
from tests.simulation import figures

COUNTED_ELSEWHERE = {"lease_write_units"}  # by a real engine, in `lending.counts`


def rows() -> Iterator[Row]:
    """`lease_round_trips_50`, `lease_round_trips_90`, `false_overflow_95`, `double_leases`."""
    for name, value, unit in figures.rows(quick=True):
        if name not in COUNTED_ELSEWHERE:
            yield Row(name, round(value, 4), unit, note="simulated: 500 numbers, 4 containers")
