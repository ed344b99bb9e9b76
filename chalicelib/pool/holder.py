"""Who held a number when it rang: one strongly consistent Query of the group's history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.pool.group import second_of
from chalicelib.pool.history import Certainty, Holding, holding, leases_of, query_from, recent
from chalicelib.pool.table import QUERY_IMAGES, PoolTable
from chalicelib.registry.types import TrackingNumber

LOOK_BACK_IMAGES = 40  # some hours of a busy group, days of a quiet one; an image is a kilobyte, four are a read unit


def holder_at(owner: TrackingNumber, at: datetime, grace_seconds: int, *, look_back: bool = False) -> Holding:
    """The visitor behind a call to a dynamic number that came at `at`, the carrier's start of the call.

    With `look_back` the same query goes back over the grace and names everyone else who may have dialled. History
    reaches back 90 days. Clocks may differ by 2 s. Raises StorageUnavailable.
    """
    if owner.pool_id is None or owner.group is None or owner.slot is None:
        return Holding(Certainty.UNKNOWN, "The number is not lent to visitors.")
    moment, table = second_of(at), PoolTable(owner.pool_id)
    since, most = query_from(moment), QUERY_IMAGES
    if look_back:
        since, most = since - 1000 * grace_seconds, LOOK_BACK_IMAGES
    images = table.history(owner.group, since, most)
    if (
        len(images) == most and images[-1].last_push() < moment
    ):  # so many leases within the grace: do without the oldest
        images = table.history(owner.group, query_from(moment))
    leases = leases_of(owner.slot, images)
    found = holding(leases, moment, grace_seconds)
    return replace(found, recent=recent(leases, moment, grace_seconds)) if look_back else found
