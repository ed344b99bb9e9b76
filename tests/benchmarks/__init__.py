"""Benchmarks: every figure is measured beside its floor in the same run, since the machines are noisy."""
