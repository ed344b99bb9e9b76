"""What every import reports."""

from __future__ import annotations

MAX_REJECTED = 1000  # rows named in a report; its count is of all of them
