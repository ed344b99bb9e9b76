"""From a webhook to a call, from a call to its evidence, from a deal to its call."""
