"""Figures that need several containers and many visitors: from the simulator, which drives the same rules."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.row import Row
from tests.simulation import figures


def rows() -> Iterator[Row]:
    """`lease_round_trips_50`, `lease_round_trips_90`, `lease_write_units`, `false_overflow_95`, `double_leases` …"""
    for name, value, unit in figures.rows(quick=True):
        history = "with their history, in the steady state; " if name == "lease_write_units" else ""
        yield Row(name, round(value, 4), unit, note=f"{history}simulated: 500 numbers, 4 containers, 30 % returns")
