"""Pools: which numbers visitors are lent, for how long, and where calls to them go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.api.requests import Name, checked, given, plain
from chalicelib.core import tokens
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.pool.lending import provision_numbers
from chalicelib.pool.statistics import census, pool_health
from chalicelib.registry import store
from chalicelib.registry.types import Answering, DisplayCondition, HoldRule, Pool, Site
from chalicelib.runtime.http import Answer, Request

Hold = Annotated[int, Meta(ge=30, le=86_400)]  # seconds
Cooldown = Annotated[int, Meta(ge=0, le=86_400)]  # seconds
Percent = Annotated[int, Meta(ge=1, le=100)]


class PoolChange(Struct, kw_only=True):
    """Body of PATCH …/pools/{pool_id}: any of the fields."""

    name: Name | UnsetType = UNSET
    target_number: str | UnsetType = UNSET
    overflow_number: str | UnsetType | None = UNSET
    hold_seconds: Hold | UnsetType = UNSET
    cooldown_seconds: Cooldown | UnsetType = UNSET
    order: int | UnsetType = UNSET
    record: bool | UnsetType = UNSET
    answering: Answering | UnsetType | None = UNSET
    condition: DisplayCondition | UnsetType = UNSET
    hold: HoldRule | UnsetType = UNSET
    hold_min_seconds: Hold | UnsetType = UNSET
    hold_max_seconds: Hold | UnsetType = UNSET
    address_percent: Percent | UnsetType = UNSET


class NewPool(PoolChange, kw_only=True):
    """Body of POST …/pools."""

    name: Name
    target_number: str


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's pools in the order they are tried. POST: add one (201)."""
    site = site_of(request, site_id)
    if request.method == "GET":
        return {"pools": [plain(pool) for pool in store.pools_of(site_id)]}
    return Answer(plain(open_pool(site, given(request, NewPool), request.now)), 201)


def item(request: Request, site_id: str, pool_id: str) -> Any:
    """GET: one pool with its use as the last census counted it. PATCH: change the fields given."""
    site = site_of(request, site_id)
    pool = _pool_of(site, pool_id)
    if request.method == "GET":
        return plain(pool) | {"use": census.latest(pool_id, request.now)}
    return plain(change_pool(site, pool, given(request, PoolChange), request.now))


def health(request: Request, site_id: str, pool_id: str) -> dict[str, Any]:
    """GET: the pool's use and accuracy over the last days, and how many numbers it needs."""
    site = site_of(request, site_id)
    return pool_health.pool_health(site, _pool_of(site, pool_id), request.argument, request.now)


def open_pool(site: Site, fields: dict[str, Any], now: datetime) -> Pool:
    """Store a new pool of a site. Raises BadInput naming the field, Conflict where a number is taken or still seen."""
    good = {"overflow_number": None} | _checked(fields, site)
    pool = Pool(pool_id=tokens.random_id("p"), site_id=site.site_id, **good)
    _check_bounds(plain(pool))
    _take_over(pool, now)
    return store.create_pool(pool)


def change_pool(site: Site, pool: Pool, fields: dict[str, Any], now: datetime) -> Pool:
    """Change a pool's fields. Raises BadInput naming the field, Conflict where a number is taken or still seen."""
    changes = _checked(fields, site)
    _check_bounds(plain(pool) | changes)
    if "overflow_number" in changes:
        _take_over(replace(pool, overflow_number=changes["overflow_number"]), now)
    return store.update_pool(site.site_id, pool.pool_id, changes)


def _take_over(pool: Pool, now: datetime) -> None:
    """Take the pool's overflow number from where it was archived, if it was."""
    if pool.overflow_number is not None:
        provision_numbers.hand_over(pool.site_id, pool.pool_id, pool.overflow_number, now)


def _pool_of(site: Site, pool_id: str) -> Pool:
    pool = store.pool(site.site_id, pool_id)
    if pool is None:
        raise NotFound("No such pool of this site.")
    return pool


def _check_bounds(pool: dict[str, Any]) -> None:
    if pool["hold_min_seconds"] > pool["hold_max_seconds"]:
        raise BadInput("hold_max_seconds", "less than hold_min_seconds")


def _checked(fields: dict[str, Any], site: Site) -> dict[str, Any]:
    def phone(text: str | None, field: str) -> str | None:
        return None if text is None else validators.phone(text, field, site.country)

    def answering(value: Answering | None, field: str) -> Answering | None:
        return None if value is None else validators.answering(value, field)

    by_field: dict[str, Callable[[Any, str], Any]] = {"target_number": phone, "overflow_number": phone}
    return checked(fields, by_field | {"answering": answering})
