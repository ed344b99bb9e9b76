"""From a call to its evidence, and from its evidence to the credit of sources."""
