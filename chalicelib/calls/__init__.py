"""A call as a value: its events, how they are folded, its evidence, its item and table, and its caller."""
