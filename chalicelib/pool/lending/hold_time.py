"""How long a lease is held, and when a page renews it. Pure. All in seconds."""

from __future__ import annotations

RENEW_BEFORE = 60  # before the end of a lease, or at its half where it is short


def renew_in(hold: int) -> int:
    """Return after how long a page that still shows the number renews its lease."""
    return max(hold - RENEW_BEFORE, hold // 2)
