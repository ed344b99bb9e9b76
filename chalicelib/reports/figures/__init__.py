"""From sums of facts to the figures of a report."""
