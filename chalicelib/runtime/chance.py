"""What is left to chance: which of several free numbers is lent, which visitors are in a sample."""

from __future__ import annotations

import random

from chalicelib.runtime.settings import settings


def chance() -> random.Random:
    """Return a generator that the system seeds, or a simulation's `test_seed`: then it draws the same every time."""
    return random.Random(settings().test_seed or None)  # noqa: S311 - it spreads load, it keeps no secret
