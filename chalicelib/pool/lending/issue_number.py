"""Lend a number to a visitor, or renew his lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.core import tokens
from chalicelib.core.deadline import Work
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.core.json_body import decode
from chalicelib.pool.lending import rules
from chalicelib.pool.lending.address_quota import Allowance, allowance_of
from chalicelib.pool.lending.census_table import tally
from chalicelib.pool.lending.container_cache import Memory, this_container
from chalicelib.pool.lending.eligibility import from_own_page, is_crawler
from chalicelib.pool.lending.groups_table import PoolTable, hot_client
from chalicelib.pool.lending.hold_time import renew_in
from chalicelib.pool.lending.lease_group import second_of
from chalicelib.pool.lending.lease_token import LeaseToken, open_lease, seal_lease
from chalicelib.pool.lending.overflow_sample_table import sample
from chalicelib.pool.lending.pool_view import PoolView
from chalicelib.pool.lending.rate_limit import address_key
from chalicelib.pool.lending.select_pool import fitting
from chalicelib.pool.lending.slot_search import Choice
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


class Lending:
    """One request to be lent a number: who asks, from where, for which site, with which lease in hand."""

    def __init__(
        self, found: SiteSnapshot, asked: NumberRequest, visit: Visit, request: Request, memory: Memory
    ) -> None:
        self.found, self.visit, self.memory, self.address = found, visit, memory, request.source_ip
        self.now, self.second = request.now, second_of(request.now)
        self.visitor_id = asked.visitor_id or tokens.random_id("v")
        self.visitor = visitor_key(found.site.site_id, self.visitor_id, settings().signing_key)
        self.held = self._own(asked.lease)

    @property
    def arrives(self) -> bool:
        """Whether this page view is an arrival: not a page renewing, nor the next one of a visit that goes on."""
        if self.held is None or self.held.until < self.second:
            return True
        return is_marked(self.visit) and self.held.arrival != self.visit.fingerprint

    def allowance(self, pool: Pool, view: PoolView) -> Allowance | None:
        """What the request's address may hold of the pool; None: as much as it likes."""
        address, percent = address_key(self.address), pool.address_percent
        return allowance_of(address, pool.pool_id, view.count, view.size, percent, settings().signing_key)

    def _own(self, text: str | None) -> LeaseToken | None:
        """The lease in hand, if we signed it for this very visitor."""
        if not text:
            return None
        held = open_lease(text, settings().signing_key)
        if held is not None and held.visitor == self.visitor:
            return held
        log.warning("lease_ignored", site_id=self.found.site.site_id, forged=held is None)
        return None


def issue(request: Request, site_key: str, memory: Memory | None = None) -> dict[str, Any]:
    """Answer `{"visitor_id", "number", "kind", "lease", "expires_in", "renew_in", "swap"}`.

    `memory` is what the container remembers; this one's unless told.
    Raises BadInput naming the field, NotFound for an unknown site key, StorageUnavailable.
    """
    asked = decode(request.body, NumberRequest)
    visit = visit_of(asked.url, asked.referrer or "", request.headers)
    found = snapshot.site_by_key(site_key, request.now)
    if found is None:
        raise NotFound("No site has this key.", field="site_key")
    tracing.annotate(site=found.site.site_id)
    lending = Lending(found, asked, visit, request, memory or this_container())
    # Who holds a lease of ours was let in before; only strangers pay for the look at their User-Agent.
    if not from_own_page(found.site, request, visit) or (
        lending.held is None and is_crawler(request.header("user-agent"))
    ):
        return _original(lending, "stranger")
    if not _admitted(lending):
        return _shared(lending, fitting(found.pools, visit), refused=True)
    with _recording_arrival(lending):
        tally().flush(request.now)
        return _renewed(lending) or _lent(lending)


def _admitted(lending: Lending) -> bool:
    """Whether the address may open one page more without a lease in hand, in this minute."""
    if lending.held is not None or all(pool.address_percent == 100 for pool in lending.found.pools):
        return True
    return lending.memory.crowd.admits(lending.address, lending.second)


def _renewed(lending: Lending) -> dict[str, Any] | None:
    """The lease in hand extended by one write and no read, or None where it is lost."""
    held = lending.held
    pool = next((pool for pool in lending.found.pools if held and pool.pool_id == held.pool_id), None)
    if held is None or pool is None:
        return None
    view = lending.memory.view(lending.found, pool)
    stands = view.lendable(held.group, held.slot) and view.numbers[held.group][held.slot] == held.number
    if not stands and held.until < lending.second:
        return None  # taken out of use since: a lease that runs may go on, one that lapsed may not come back
    table = PoolTable(pool.pool_id)
    seat = Choice(held.group, held.slot)
    lapsed, allowance = held.until < lending.second, lending.allowance(pool, view)
    renewed = table.hold(
        rules.renew(view, seat, lending.visitor, lending.second, allowance, lapsed=lapsed, leased=held.leased)
    )
    return None if renewed is None else _dynamic(lending, pool, renewed, held.number, table, "number_renewed")


def _lent(lending: Lending) -> dict[str, Any]:
    """A dynamic number of the first fitting pool that has one, else the first overflow number, else none of ours."""
    pools = fitting(lending.found.pools, lending.visit)
    memory, now, refused = lending.memory, lending.second, False
    for pool in pools:
        view, table = memory.view(lending.found, pool), PoolTable(pool.pool_id)
        allowance = lending.allowance(pool, view)
        lend = rules.lend(view, lending.visitor, now, memory.rng, allowance, proven=lending.held is not None)
        lent = table.hold(lend) if view.size else None
        if lent is not None:
            return _dynamic(lending, pool, lent, view.numbers[lent.group][lent.slot], table, "number_lent")
        refused = refused or (allowance is not None and view.crowded(allowance, now))
    return _shared(lending, pools, refused=refused)


def _shared(lending: Lending, pools: Sequence[Pool], *, refused: bool) -> dict[str, Any]:
    """The first overflow number of these pools, else none of ours. `refused`: for the sake of other visitors."""
    for pool in pools:
        if pool.overflow_number:
            tally().add(pool.pool_id, lending.now, refused=refused)
            tally().flush(lending.now)
            sample().add(pool.pool_id, lending.visitor, lending.now)
            log.event("number_overflow", site_id=lending.found.site.site_id, pool_id=pool.pool_id, refused=refused)
            return _answer(lending, NumberKind.OVERFLOW, pool.overflow_number, pool)
    return _original(lending, "no_number" if pools else "no_pool")


@contextmanager
def _recording_arrival(lending: Lending) -> Iterator[None]:
    """Store what brought the visitor while a number is found: neither needs the other, and the page waits for both.

    It is stored, or has failed, before the page is answered: then Lambda freezes the function with all its threads.
    Nothing of the request's but the client is shared with the thread, and no subsegment of X-Ray's is open in it.
    """
    if not lending.arrives:
        yield
        return
    hot_client()  # made here: boto3's clients may be shared by threads, what makes them may not
    visit, site = lending.visit, lending.found.site
    touch = RawTouch(lending.now, visit.url, visit.referrer, visit.region)
    aside = Work(lambda: record_touch(site.site_id, lending.visitor.hex(), touch, days_kept(site)))
    aside.start()
    try:
        yield
    finally:
        aside.join()
        try:
            aside.result()
        except StorageUnavailable:
            # The visitor gets his number all the same: the lease still ties his call to him.
            log.warning("touch_lost", site_id=site.site_id)


def _dynamic(
    lending: Lending, pool: Pool, lent: rules.Lent, number: str, table: PoolTable, event: str
) -> dict[str, Any]:
    arrival = lending.visit.fingerprint if lending.arrives or lending.held is None else lending.held.arrival
    lease = LeaseToken(pool.pool_id, lent.group, lent.slot, number, lent.visitor, arrival, lent.leased, lent.until)
    trips = table.consumed.trips
    log.event(event, site_id=lending.found.site.site_id, pool_id=pool.pool_id, trips=trips)
    return _answer(lending, NumberKind.DYNAMIC, number, pool, seal_lease(lease, settings().signing_key))


def _answer(lending: Lending, kind: NumberKind, number: str, pool: Pool, lease: str | None = None) -> dict[str, Any]:
    hold = pool.hold_seconds
    return {
        "visitor_id": lending.visitor_id,
        "number": number,
        "kind": kind,
        "lease": lease,
        "expires_in": hold,
        "renew_in": renew_in(hold),
        "swap": [_swap(rule) for rule in lending.found.site.swap_rules(pool)],
    }


def _original(lending: Lending, why: str) -> dict[str, Any]:
    """The page keeps its own number."""
    log.event("number_original", site_id=lending.found.site.site_id, why=why)
    nothing: dict[str, Any] = {"number": None, "kind": NumberKind.ORIGINAL, "lease": None, "swap": []}
    return {"visitor_id": lending.visitor_id, **nothing, "expires_in": ASK_AGAIN, "renew_in": ASK_AGAIN}


def _swap(rule: SwapRule) -> dict[str, str]:
    return {"selector": rule.selector} if rule.selector else {"number": rule.number or ""}
