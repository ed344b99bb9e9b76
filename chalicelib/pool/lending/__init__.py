"""The rules of leases (sans-I/O), their table, and the two functions that lend and take back numbers."""
