"""An account with a site and a pool in storage, as many tests of the registry and the manage API begin."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from chalicelib.registry import store
from chalicelib.registry.types import Account, NumberKind, Pool, Site, TrackingNumber

NOW = datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC)
ACCOUNT = Account("acc1", "Pallets Ltd", NOW)
SITE = Site(
    site_id="s1",
    account_id="acc1",
    site_key="sk1",
    name="pallets.example",
    allowed_origins=("https://pallets.example",),
    time_zone="Europe/Moscow",
    currency="RUB",
    country="RU",
)
POOL = Pool("p1", "s1", "main", target_number="+74951234567", overflow_number="+74995550100")


def open_site() -> Site:
    """Account, site and pool, stored."""
    store.create_account(ACCOUNT)
    store.create_site(SITE)
    store.create_pool(POOL)
    return SITE


def other_site() -> Site:
    """A second account's site, stored."""
    store.create_account(Account("acc2", "Bricks Ltd", NOW))
    return store.create_site(replace(SITE, site_id="s2", account_id="acc2", site_key="sk2", name="bricks.example"))


def dynamic(place: int, **changes: object) -> TrackingNumber:
    """The pool's dynamic number number `place`, twelve to a group."""
    number = TrackingNumber(
        f"+7499{place:07d}", "s1", NumberKind.DYNAMIC, pool_id="p1", group=place // 12, slot=place % 12
    )
    return replace(number, **changes)
