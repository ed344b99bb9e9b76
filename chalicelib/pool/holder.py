"""Who held a number when it rang: one strongly consistent Query of the group's history."""

from __future__ import annotations

from datetime import datetime

from chalicelib.pool.group import second_of
from chalicelib.pool.history import Certainty, Holding, holding, leases_of, query_from
from chalicelib.pool.table import PoolTable
from chalicelib.registry.types import TrackingNumber


def holder_at(owner: TrackingNumber, at: datetime, grace_seconds: int) -> Holding:
    """The visitor behind a call to a dynamic number that came at `at`, the carrier's start of the call.

    History reaches back 90 days. Clocks may differ by 2 s. Raises StorageUnavailable.
    """
    if owner.pool_id is None or owner.group is None or owner.slot is None:
        return Holding(Certainty.UNKNOWN, "The number is not lent to visitors.")
    moment = second_of(at)
    images = PoolTable(owner.pool_id).history(owner.group, query_from(moment))
    return holding(leases_of(owner.slot, images), moment, grace_seconds)
