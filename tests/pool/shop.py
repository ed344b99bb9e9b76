"""A shop with pools, set up as an account would, and the requests its pages send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from chalicelib.pool.lending.provision_numbers import import_numbers
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Account, Pool, Site, SwapRule
from chalicelib.runtime.http import Request
from tests.requests import issue

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
SITE = Site(
    site_id="s1",
    account_id="acc1",
    site_key="sk1",
    name="Shop",
    allowed_origins=("https://shop.example",),
    time_zone="Europe/Moscow",
    currency="RUB",
    country="RU",
    swap=(SwapRule(number="+74950000000"), SwapRule(selector=".tel", pool_id="p2")),
)
POOL = Pool("p1", "s1", "All", target_number="+74950000000", overflow_number="+74951110000", hold_seconds=360)


def open_shop(*pools: Pool, site: Site = SITE) -> None:
    """An account with one site and these pools."""
    store.create_account(Account(site.account_id, "Shop Ltd", NOW))
    store.create_site(site)
    for pool in pools or (POOL,):
        store.create_pool(pool)


def stock(count: int, pool_id: str = "p1", first: int = 1, now: datetime = NOW) -> dict[str, Any]:
    """Import so many dynamic numbers."""
    rows = [(line, {"number": number(first + line - 1), "pool_id": pool_id}) for line in range(1, count + 1)]
    report = import_numbers("s1", rows, now)
    snapshot.forget()
    return report


def number(place: int) -> str:
    return f"+7495222{place:04d}"


def page(body: dict[str, Any] | bytes, now: datetime = NOW, **headers: str) -> Request:
    """A request as the snippet sends it."""
    sent = {"origin": "https://shop.example", "user-agent": BROWSER}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", "/v1/sites/sk1/number", {}, sent, raw, "203.0.113.9", now)


def visit(
    visitor_id: str | None = None, at: float = 0, url: str = "https://shop.example/", **more: Any
) -> dict[str, Any]:
    """One call of the number endpoint, `at` seconds after NOW."""
    headers = more.pop("headers", {})
    body = {"url": url, "visitor_id": visitor_id, **more}
    return issue(page(body, NOW + timedelta(seconds=at), **headers), "sk1")


__all__ = ["BROWSER", "NOW", "POOL", "SITE", "number", "open_shop", "page", "replace", "stock", "visit"]
