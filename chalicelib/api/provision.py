"""An account with a site and a pool in one go, as often as one likes: what exists by its name is left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from msgspec import UNSET, Struct

from chalicelib.api.pools import NewPool, open_pool
from chalicelib.api.requests import Name, plain
from chalicelib.api.sites import NewSite, open_site, snippet_tag
from chalicelib.core import tokens
from chalicelib.registry import store
from chalicelib.registry.types import Account, NumberKind, NumberState, Pool, Site

KEY_LABEL = "provisioned"


class Named(Protocol):
    """What accounts, sites and pools have in common."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


class Plan(Struct):
    """What there should be. The pool may come later."""

    account: Name
    site: NewSite
    pool: NewPool | None = None


def provision(plan: Plan, now: datetime) -> dict[str, Any]:
    """Create what is missing; return ids, the site key, the snippet, and the API key if one was made.

    `replaces` is what the snippet replaces on the site's pages; `missing` says what still keeps it from doing so.
    Raises BadInput naming the field, Conflict where the overflow number is taken or still seen.
    """
    account = _named(store.accounts(), plan.account) or store.create_account(
        Account(tokens.random_id("acc"), plan.account, now)
    )
    site = _named(store.sites_of(account.account_id), plan.site.name) or _site(account, plan.site)
    pool = None if plan.pool is None else _pool(site, plan.pool, now)
    pools = store.pools_of(site.site_id) if pool is None else (pool,)
    made = _key(account.account_id, now)
    return {
        "account_id": account.account_id,
        "site_id": site.site_id,
        "site_key": site.site_key,
        "pool_id": None if pool is None else pool.pool_id,
        "snippet": snippet_tag(site),
        "replaces": _replaced(site, pools),
        "missing": _missing(site, pools),
        "api_key": made,
    }


def operator_key(label: str, now: datetime) -> dict[str, str]:
    """Make an API key that may do everything; its secret is in the answer and nowhere else."""
    key, secret = store.create_key(None, label, now)
    return {"key_id": key.key_id, "api_key": secret}


def _site(account: Account, body: NewSite) -> Site:
    fields = _given(body)
    del fields["account_id"]
    return open_site(account.account_id, fields)


def _pool(site: Site, body: NewPool, now: datetime) -> Pool:
    return _named(store.pools_of(site.site_id), body.name) or open_pool(site, _given(body), now)


def _replaced(site: Site, pools: Iterable[Pool]) -> list[dict[str, str]]:
    """Numbers and selectors, each once, without the parts that a rule leaves empty."""
    rules = dict.fromkeys(rule for pool in pools for rule in site.swap_rules(pool))
    return [{name: value for name, value in plain(rule).items() if value} for rule in rules]


def _missing(site: Site, pools: Iterable[Pool]) -> list[str]:
    """Why pages would keep their own number, in sentences; none where a visitor is lent one."""
    named = {pool.pool_id: pool.name for pool in pools}
    if not named:
        return ["The site has no pool, so there is no number to lend and no target number to replace: add a pool."]
    lendable = (NumberKind.DYNAMIC, NumberState.ACTIVE)
    stocked = {each.pool_id for each in store.numbers_of(site.site_id) if (each.kind, each.state) == lendable}
    return [
        f"The pool {name} has no numbers to lend: import some."
        for pool_id, name in named.items()
        if pool_id not in stocked
    ]


def _key(account_id: str, now: datetime) -> str | None:
    """Make a key and return its secret; None where one was provisioned before."""
    if any(key.label == KEY_LABEL for key in store.keys_of(account_id)):
        return None
    return store.create_key(account_id, KEY_LABEL, now)[1]


def _named(values: Iterable[N], name: str) -> N | None:
    return next((value for value in values if value.name == name), None)


def _given(body: Struct) -> dict[str, Any]:
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}
