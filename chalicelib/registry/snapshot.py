"""What the hot functions read of the registry: low-level boto3 only, cached for a minute per container.

Every function raises StorageUnavailable when the table does not answer. `now` is the request's time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from chalicelib.core.errors import StorageUnavailable
from chalicelib.registry import hot_directory_table, keys
from chalicelib.registry.ttl_cache import Cache
from chalicelib.registry.types import (
    Campaign,
    ChannelRules,
    Endpoint,
    Ownership,
    Pool,
    SelfReportedRules,
    Site,
    SiteSnapshot,
    Tenure,
    TrackingNumber,
)

T = TypeVar("T")

_snapshots: Cache[SiteSnapshot] = Cache()
_sites: Cache[Site] = Cache()
_numbers: Cache[Ownership] = Cache(limit=20_000)
_endpoints: Cache[Endpoint] = Cache()
_pools: Cache[tuple[Pool, ...]] = Cache()
_campaigns: Cache[tuple[Campaign, ...]] = Cache()
_rules: Cache[ChannelRules] = Cache()
_self_reported_rules: Cache[SelfReportedRules] = Cache()


def site_by_key(site_key: str, now: datetime) -> SiteSnapshot | None:
    """Return the site a publishable key belongs to, with its pools and lendable numbers: one Query."""
    return _snapshots.get(site_key, now, lambda: _read_snapshot(site_key))


def site_by_id(site_id: str, now: datetime) -> Site | None:
    """Return a site by its id: one GetItem."""
    return _sites.get(site_id, now, lambda: _read(keys.SITES, site_id, Site))


def owner_of(number_e164: str, now: datetime) -> TrackingNumber | None:
    """Return the tracking number with its present assignment, or None where it is not ours: one GetItem."""
    found = _numbers.get(number_e164, now, lambda: _read_ownership(number_e164))
    return None if found is None else found.owner


def owner_at(number_e164: str, at: datetime, now: datetime) -> TrackingNumber | None:
    """Return the tracking number as it was assigned at a moment, or None where it was not ours: one GetItem.

    What this container read before that moment may miss a change, so it is read again.
    """
    found = _numbers.get(number_e164, now, lambda: _read_ownership(number_e164), since=min(at, now))
    return None if found is None else found.owner_at(at)


def endpoint_by_id(endpoint_id: str, now: datetime) -> Endpoint | None:
    """Return an endpoint with its credentials, or None once it was closed: one GetItem."""
    return _endpoints.get(endpoint_id, now, lambda: _read(keys.endpoint_pk(endpoint_id), "ENDPOINT", Endpoint))


def pools_of(site_id: str, now: datetime) -> tuple[Pool, ...]:
    """Return a site's pools in the order they are tried: one Query."""
    return _pools.get(site_id, now, lambda: _read_pools(site_id)) or ()


def campaigns_of(site_id: str, now: datetime) -> tuple[Campaign, ...]:
    """Return a site's campaigns, archived ones too, by id: one Query."""
    pk = keys.site_pk(site_id)
    return _campaigns.get(site_id, now, lambda: _decoded(hot_directory_table.items(pk, "CAMPAIGN#"), Campaign)) or ()


def rules_of(account_id: str, now: datetime) -> ChannelRules:
    """Return an account's channel rules: one GetItem."""
    pk = keys.account_pk(account_id)
    return _rules.get(account_id, now, lambda: _read(pk, keys.RULES, ChannelRules) or ChannelRules()) or ChannelRules()


def self_reported_rules_of(account_id: str, now: datetime) -> SelfReportedRules:
    """Return an account's answer rules: one GetItem."""
    pk = keys.account_pk(account_id)
    found = _self_reported_rules.get(
        account_id, now, lambda: _read(pk, keys.SELF_REPORTED_RULES, SelfReportedRules) or SelfReportedRules()
    )
    return found or SelfReportedRules()


def forget() -> None:
    """Empty the container's caches: the next reads go to the table."""
    for cache in (_snapshots, _sites, _numbers, _endpoints, _pools, _campaigns, _rules, _self_reported_rules):
        cache.cache_clear()


def _read_pools(site_id: str) -> tuple[Pool, ...]:
    pools = _decoded(hot_directory_table.items(keys.POOLS, keys.pool_sk(site_id, "")), Pool)
    return tuple(sorted(pools, key=lambda pool: (pool.order, pool.pool_id)))


def _read_snapshot(site_key: str) -> SiteSnapshot | None:
    # A query may meet a snapshot half replaced: the second, consistent look then sees one or the other.
    for consistent in (False, True, True):
        parts = hot_directory_table.items(keys.snapshot_pk(site_key), "", consistent=consistent)
        if not parts:
            return None
        if len(parts) == int(parts[0]["parts"]["N"]) and len({part["version"]["N"] for part in parts}) == 1:
            return keys.decode(b"".join(part["doc"]["B"] for part in parts), SiteSnapshot)
    raise StorageUnavailable("The site is being changed. Try again.")


def _read(pk: str, sk: str, shape: type[T]) -> T | None:
    item = hot_directory_table.item(pk, sk)
    return keys.decode(item["doc"]["B"], shape) if item else None


def _read_ownership(number: str) -> Ownership | None:
    item = hot_directory_table.item(keys.number_pk(number), "NUMBER")
    if item is None:
        return None
    past = keys.decode(item["past"]["B"], tuple[Tenure, ...]) if "past" in item else ()
    return Ownership(keys.decode(item["doc"]["B"], TrackingNumber), past)


def _decoded(items: list[dict[str, Any]], shape: type[T]) -> tuple[T, ...]:
    return tuple(keys.decode(item["doc"]["B"], shape) for item in items)
