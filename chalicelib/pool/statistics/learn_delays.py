"""Learn a pool's delay profile from the calls and visitors of the last weeks, once a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from chalicelib.pool.lending import census_table
from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.delay_profile import Counted, Profile, differs, learned
from chalicelib.registry.types import Pool
from chalicelib.runtime import log

WINDOW = timedelta(days=28)
MINUTE_SECONDS = 60


def learn_delays(pool: Pool, grace_seconds: int, now: datetime) -> Profile:
    """Count yesterday's visitors, and publish the profile of the window's calls if it differs.

    Return the profile in force. The same again changes nothing. Raises StorageUnavailable.
    """
    _count_visitors(pool.pool_id, now)
    counted, known = delays_table.counted_since(pool.pool_id, (now - WINDOW).date()), _known(pool.pool_id, now)
    found = learned(f"{now.date()}", counted, grace_seconds)
    if not counted.leases or not differs(found, known):
        return known
    delays_table.put_profile(pool.pool_id, found, now)
    calls = sum(counted.calls.values())
    log.event("delays_learned", site_id=pool.site_id, pool_id=pool.pool_id, version=found.version, calls=calls)
    return found


def visitors_of(minutes: Iterable[Minute]) -> Counted:
    """Return how many visitors were lent a number in these minutes, and for how long."""
    leases, live, numbers = 0, 0, 0
    for minute in minutes:
        leases += minute.leases
        live += MINUTE_SECONDS * (minute.live or 0)
        numbers += MINUTE_SECONDS * minute.numbers
    return Counted({}, leases, live, numbers)


def _known(pool_id: str, now: datetime) -> Profile:
    delays_table.forget()  # this container's cache may be of yesterday
    return delays_table.profile_of(pool_id, now)


def _count_visitors(pool_id: str, now: datetime) -> None:
    """Store how many numbers were lent yesterday (UTC), and for how long, by the census of each minute."""
    until = datetime.combine(now.date(), time(), UTC)
    since = until - timedelta(days=1)
    visitors = visitors_of(census_table.minutes(pool_id, since, until))
    if visitors.number_seconds:
        delays_table.put_day(pool_id, since.date(), now, visitors)
