"""For how long it is known who had a number."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.pool.lending.groups_table import HISTORY_SECONDS

LEASES_REMEMBERED = timedelta(days=85)


LEASES_KEPT = timedelta(seconds=HISTORY_SECONDS)
