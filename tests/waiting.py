"""Waiting for what happens elsewhere: until it has happened, however long a loaded machine takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 900  # seconds until a test gives up: no measure of anything


def until(happened: Callable[[], T | None], what: str = "what the test waits for") -> T:
    """Return what `happened` returns as soon as that is true, asking again and again."""
    deadline = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return found
