"""From a promo code that a caller gave to the page view it was shown on."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.visits import promo_code, promo_table
from chalicelib.visits.promo_table import ShownCode

CLOCK_SKEW = timedelta(seconds=2)  # the carrier's clock against ours

__all__ = ["ShownCode", "find"]


def find(site_id: str, text: str, at: datetime) -> ShownCode | None:
    """Return the code that a caller gave at `at`, in any spelling.

    None: a slip, expired, not shown before `at` or unknown. Raises StorageUnavailable.
    """
    code = promo_code.read(text)
    shown = promo_table.find(site_id, code) if code else None
    return shown if shown and shown.shown_at - CLOCK_SKEW <= at <= shown.expires_at else None
