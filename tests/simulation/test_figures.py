"""What the benchmark table is given."""

from __future__ import annotations

from tests.simulation import figures


def test_the_benchmark_gets_its_figures_and_no_number_is_lent_twice() -> None:
    found = {name: value for name, value, _ in figures.rows(quick=True)}
    assert found.keys() == {
        "lease_round_trips_50",
        "lease_round_trips_90",
        "lease_write_units",
        "lease_dollars_50",
        "false_overflow_95",
        "double_leases",
    }
    assert 1 <= found["lease_round_trips_50"] <= found["lease_round_trips_90"]
    assert found["lease_write_units"] >= 1
    assert found["false_overflow_95"] <= 0.001
    assert found["double_leases"] == 0
