"""Lend a number to a visitor, or renew their lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.core import tokens
from chalicelib.core.deadline import started
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.core.json_body import decode
from chalicelib.pool.lending import rules
from chalicelib.pool.lending.address_quota import AddressQuota, quota_of
from chalicelib.pool.lending.census_table import tally
from chalicelib.pool.lending.container_cache import ContainerCache, this_container
from chalicelib.pool.lending.eligibility import from_own_page, is_crawler
from chalicelib.pool.lending.groups_table import PoolTable, hot_client
from chalicelib.pool.lending.hold_time import renew_in
from chalicelib.pool.lending.lease_group import Position, second_of
from chalicelib.pool.lending.lease_token import LeaseToken, open_lease, seal_lease
from chalicelib.pool.lending.overflow_sample_table import sample
from chalicelib.pool.lending.pool_view import PoolView
from chalicelib.pool.lending.rate_limit import address_key
from chalicelib.pool.lending.select_pool import fitting
from chalicelib.registry import snapshot
from chalicelib.registry.types import NumberKind, Pool, SiteSnapshot, SwapRule
from chalicelib.runtime import log, tracing
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings
from chalicelib.visits.page_view import Visit, is_marked, visit_of
from chalicelib.visits.request_types import Address, VisitorId
from chalicelib.visits.visitor_key import visitor_key
from chalicelib.visits.visits_table import RawTouch, days_kept, record_touch

ASK_AGAIN = 300  # seconds after which a page that keeps its own number may ask again

Token = Annotated[str, Meta(max_length=512)]


class NumberRequest(Struct):
    """What the snippet sends."""

    url: Address
    visitor_id: VisitorId | None = None
    referrer: Address | None = None
    lease: Token | None = None


class NumberAnswer(Struct, frozen=True):
    """What the snippet receives."""

    visitor_id: str
    number: str | None  # E.164; None: the page keeps its own
    kind: NumberKind
    lease: str | None  # signed, of a dynamic number
    expires_in: int  # seconds
    renew_in: int  # seconds
    swap: tuple[dict[str, str], ...]  # {"selector"} or {"number"}: what of the page is replaced


class PageRequest(Struct, frozen=True):
    """A page that asks for a number: whose site it is, who looks at it, and the lease in hand, if it is theirs."""

    found: SiteSnapshot
    visit: Visit
    address: str
    visitor_id: str
    visitor: bytes  # the visitor's key
    held: LeaseToken | None
    now: datetime
    second: float  # the same, as leases count

    @property
    def arrives(self) -> bool:
        """Whether this page view is an arrival: not a page renewing, nor the next one of a visit that goes on."""
        if self.held is None or self.held.until < self.second:
            return True
        return is_marked(self.visit) and self.held.arrival != self.visit.fingerprint


def issue(request: Request, site_key: str, cache: ContainerCache | None = None) -> NumberAnswer:
    """Renew the visitor's lease, else lend a number of the first fitting pool, else name an overflow number.

    `cache` is what the container remembers; by default this one's.
    Raises BadInput naming the field, NotFound for an unknown site key, StorageUnavailable.
    """
    page, cache = _read(request, site_key), cache or this_container()
    tracing.annotate(site=page.found.site.site_id)
    if not _is_eligible(page, request):
        return _original(page, "stranger")
    if not _within_rate(page, cache):
        return _overflow(page, fitting(page.found.pools, page.visit), refused=True)
    with _storing_arrival(page):
        tally().flush(request.now)
        return _renewed(page, cache) or _lent(page, cache)


def _read(request: Request, site_key: str) -> PageRequest:
    asked = decode(request.body, NumberRequest)
    visit = visit_of(asked.url, asked.referrer or "", request.headers)
    found = snapshot.site_by_key(site_key, request.now)
    if found is None:
        raise NotFound("No site has this key.", field="site_key")
    site_id, visitor_id = found.site.site_id, asked.visitor_id or tokens.random_id("v")
    visitor = visitor_key(site_id, visitor_id, settings().signing_key)
    held = _own_lease(asked.lease, visitor, site_id)
    second = second_of(request.now)
    return PageRequest(found, visit, request.source_ip, visitor_id, visitor, held, request.now, second)


def _own_lease(token: str | None, visitor: bytes, site_id: str) -> LeaseToken | None:
    """Return the lease in hand, if we signed it for this visitor."""
    if not token:
        return None
    held = open_lease(token, settings().signing_key)
    if held is not None and held.visitor == visitor:
        return held
    log.warning("lease_ignored", site_id=site_id, forged=held is None)
    return None


def _is_eligible(page: PageRequest, request: Request) -> bool:
    """Return whether the page is the site's own, and requested by a person.

    The holder of a lease was checked before; only for other visitors the User-Agent is looked at.
    """
    if not from_own_page(page.found.site, request, page.visit):
        return False
    return page.held is not None or not is_crawler(request.header("user-agent"))


def _within_rate(page: PageRequest, cache: ContainerCache) -> bool:
    """Return whether the address may open one page more without a lease in hand, in this minute."""
    if page.held is not None or all(pool.address_percent == 100 for pool in page.found.pools):
        return True
    return cache.rate_limit.admits(page.address, page.second)


def _quota(page: PageRequest, pool: Pool, view: PoolView) -> AddressQuota | None:
    """Return what the request's address may hold of the pool; None: no limit."""
    address, percent = address_key(page.address), pool.address_percent
    return quota_of(address, pool.pool_id, view.count, view.size, percent, settings().signing_key)


def _renewed(page: PageRequest, cache: ContainerCache) -> NumberAnswer | None:
    """Extend the lease in hand by one write and no read; None where it is lost."""
    held = page.held
    pool = next((pool for pool in page.found.pools if held and pool.pool_id == held.pool_id), None)
    if held is None or pool is None:
        return None
    view = cache.view(page.found, pool)
    in_use = view.lendable(held.group, held.slot) and view.numbers[held.group][held.slot] == held.number
    lapsed = held.until < page.second
    if not in_use and lapsed:
        return None  # taken out of use since: a lease that runs may go on, one that lapsed may not come back
    table, quota = PoolTable(pool.pool_id), _quota(page, pool, view)
    position = Position(held.group, held.slot)
    renewed = table.run(
        rules.renew(view, position, page.visitor, page.second, quota, lapsed=lapsed, leased=held.leased)
    )
    return None if renewed is None else _dynamic(page, pool, renewed, held.number, table, "number_renewed")


def _lent(page: PageRequest, cache: ContainerCache) -> NumberAnswer:
    """Lend a number of the first fitting pool that has one; else the first overflow number, else none of ours."""
    pools = fitting(page.found.pools, page.visit)
    now, refused = page.second, False
    for pool in pools:
        view, table = cache.view(page.found, pool), PoolTable(pool.pool_id)
        quota = _quota(page, pool, view)
        lend = rules.lend(view, page.visitor, now, cache.rng, quota, proven=page.held is not None)
        lent = table.run(lend) if view.size else None
        if lent is not None:
            return _dynamic(page, pool, lent, view.numbers[lent.group][lent.slot], table, "number_lent")
        refused = refused or (quota is not None and view.over_quota(quota, now))
    return _overflow(page, pools, refused=refused)


def _overflow(page: PageRequest, pools: Sequence[Pool], *, refused: bool) -> NumberAnswer:
    """Return the first overflow number of these pools, else none of ours. `refused`: for the sake of other visitors."""
    for pool in pools:
        if pool.overflow_number:
            tally().add(pool.pool_id, page.now, refused=refused)
            tally().flush(page.now)
            sample().add(pool.pool_id, page.visitor, page.now)
            log.event("number_overflow", site_id=page.found.site.site_id, pool_id=pool.pool_id, refused=refused)
            return _answer(page, NumberKind.OVERFLOW, pool.overflow_number, pool)
    return _original(page, "no_number" if pools else "no_pool")


@contextmanager
def _storing_arrival(page: PageRequest) -> Iterator[None]:
    """Store what brought the visitor while a number is found: neither needs the other, and the page waits for both.

    It is stored, or has failed, before the page is answered: then Lambda freezes the function with all its threads.
    Nothing of the request's but the client is shared with the thread, and no subsegment of X-Ray's is open in it.
    """
    if not page.arrives:
        yield
        return
    hot_client()  # made here: boto3's clients may be shared by threads, what makes them may not
    visit, site = page.visit, page.found.site
    touch = RawTouch(page.now, visit.url, visit.referrer, visit.region)
    aside = started(lambda: record_touch(site.site_id, page.visitor.hex(), touch, days_kept(site)))
    try:
        yield
    finally:
        try:
            aside.result()
        except StorageUnavailable:
            # The visitor gets a number all the same: the lease still ties the call to them.
            log.warning("touch_lost", site_id=site.site_id)


def _dynamic(
    page: PageRequest, pool: Pool, lent: rules.Lent, number: str, table: PoolTable, event: str
) -> NumberAnswer:
    arrival = page.visit.fingerprint if page.arrives or page.held is None else page.held.arrival
    lease = LeaseToken(pool.pool_id, lent.group, lent.slot, number, lent.visitor, arrival, lent.leased, lent.until)
    trips = table.consumed.trips
    log.event(event, site_id=page.found.site.site_id, pool_id=pool.pool_id, trips=trips)
    return _answer(page, NumberKind.DYNAMIC, number, pool, seal_lease(lease, settings().signing_key))


def _answer(page: PageRequest, kind: NumberKind, number: str, pool: Pool, lease: str | None = None) -> NumberAnswer:
    hold = pool.hold_seconds
    swap = tuple(_swap(rule) for rule in page.found.site.swap_rules(pool))
    return NumberAnswer(page.visitor_id, number, kind, lease, hold, renew_in(hold), swap)


def _original(page: PageRequest, why: str) -> NumberAnswer:
    """Answer that the page keeps its own number."""
    log.event("number_original", site_id=page.found.site.site_id, why=why)
    return NumberAnswer(page.visitor_id, None, NumberKind.ORIGINAL, None, ASK_AGAIN, ASK_AGAIN, ())


def _swap(rule: SwapRule) -> dict[str, str]:
    return {"selector": rule.selector} if rule.selector else {"number": rule.number or ""}
