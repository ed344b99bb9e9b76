"""Lending numbers: pools, leases, history, census."""
