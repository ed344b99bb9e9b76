"""What had brought a visitor by a moment: their arrivals as storage has them, classified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from chalicelib.registry.types import Site
from chalicelib.visits import visits_table
from chalicelib.visits.classify_source import arrival_of
from chalicelib.visits.landing_url import host_of
from chalicelib.visits.types import Touch

CLOCK_SKEW = timedelta(seconds=2)  # another clock, a carrier's or a browser's, against ours
MAX_TOUCHES = 100  # of a visitor kept on one call: the first ones, and the latest before the call
TOUCHES_REMEMBERED = timedelta(days=400)  # more than the site's look-back, which credit applies: it may change
VISIT_GOES_ON = timedelta(days=1)  # somebody back from a bank's page or our other site has not come anew


def touches_before(site: Site, visitor: str, at: datetime) -> tuple[Touch, ...]:
    """Return the visitor's touches before a moment, classified, oldest first. Raises StorageUnavailable."""
    raw = visits_table.touches_between(site.site_id, visitor, at - TOUCHES_REMEMBERED, at + CLOCK_SKEW)
    touches = _arrivals(raw, [host_of(origin) for origin in site.allowed_origins])
    since = at - timedelta(days=site.lookback_days)
    within = next((index for index, touch in enumerate(touches) if touch.at >= since), 0)
    if len(touches) <= MAX_TOUCHES:
        return tuple(touches)
    first = {0, within}  # ever, and within the look-back
    latest = range(len(touches) + len(first) - MAX_TOUCHES, len(touches))
    return tuple(touches[index] for index in sorted({*first, *latest}))


def _arrivals(raw: Iterable[visits_table.RawTouch], own: Sequence[str]) -> list[Touch]:
    """Classify touches, without returns from paying, signing in or our other pages within a day of a page view."""
    touches: list[Touch] = []
    here_at = None
    for each in raw:
        arrival = arrival_of(each.url, each.referrer, own)
        if not (arrival.continues and here_at and each.at - here_at <= VISIT_GOES_ON):
            touches.append(Touch(each.at, each.url, each.referrer, each.region, arrival.source))
        here_at = each.at
    return touches
