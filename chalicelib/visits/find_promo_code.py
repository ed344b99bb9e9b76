"""From a promo code that somebody told to the page view it was shown on."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.visits import promo_code, promo_table
from chalicelib.visits.promo_table import ShownCode

CLOCK_SKEW = timedelta(seconds=2)  # the teller's clock against ours

__all__ = ["ShownCode", "find"]


def find(site_id: str, told: str, at: datetime) -> ShownCode | None:
    """The code a caller told at `at`, in whatever way he spelled it.

    None: a slip, expired, not shown before `at` or unknown. Raises StorageUnavailable.
    """
    code = promo_code.read(told)
    shown = promo_table.find(site_id, code) if code else None
    return shown if shown and shown.shown_at - CLOCK_SKEW <= at <= shown.expires_at else None
