"""Who held a number when it rang: one strongly consistent Query of the group's history, for an old call two."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.groups_table import HISTORY_SECONDS, PoolTable
from chalicelib.pool.lending.lease_group import second_of
from chalicelib.pool.lending.lease_history import Certainty, Holding, holding_of, key_of
from chalicelib.registry.types import TrackingNumber

LEASES_KEPT = timedelta(seconds=HISTORY_SECONDS)
LEASES_REMEMBERED = timedelta(days=85)  # less: a question near the end must not find half of a group's history
# A kilobyte each. A group whose twelve numbers change hands each minute makes as many in a day, which is the longest
# grace there is.
MOST_IMAGES = 1000
# Seconds after which a call is old: what was made later than so long after it is not read. No lease that was cut short
# by an operator ends so long after the state it is in.
SETTLED = 86_400


def holder_at(owner: TrackingNumber, at: datetime, grace_seconds: int, now: datetime) -> Holding:
    """Return the visitor behind a call to a dynamic number, and everyone else who may have dialled it.

    `at` is the carrier's start of the call, `now` the present. The answer is the same whenever it is asked, once the
    clocks' skew (2 s) has passed since the call. History reaches back 90 days. Raises StorageUnavailable.
    """
    if owner.pool_id is None or owner.group is None or owner.slot is None:
        return Holding(Certainty.UNKNOWN, "The number is not lent to visitors.")
    moment, table = second_of(at), PoolTable(owner.pool_id)
    newest = group_codec.CURRENT
    if second_of(now) - moment > SETTLED:
        newest = table.first_key(owner.group, key_of(moment + SETTLED))
    states = table.history(owner.group, key_of(moment - grace_seconds), MOST_IMAGES, newest)
    return holding_of(owner.slot, states, moment, grace_seconds, most=MOST_IMAGES)
