"""Create, read, change and list what accounts set up. Every change of a site republishes what the hot functions read.

All reads are consistent. Besides the errors named, everything raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.core import tokens
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.registry import directory_table, keys
from chalicelib.registry.campaigns import campaign, campaigns_of, create_campaign, update_campaign
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.endpoints_and_keys import (
    change_credentials,
    close_endpoint,
    create_endpoint,
    create_key,
    endpoint_in_use,
    endpoints_of,
    key_by_secret,
    keys_of,
    revoke_key,
)
from chalicelib.registry.numbers import (
    Overtaken,
    change_number,
    current_owners,
    let_go,
    move_numbers,
    number_of_site,
    numbers_of,
    numbers_page,
    ownerships,
    put_numbers,
)
from chalicelib.registry.pools import all_pools, create_pool, pool, pools_of, update_pool
from chalicelib.registry.publish_snapshot import publish
from chalicelib.registry.rules import put_rules, put_self_reported_rules, rules_of, self_reported_rules_of
from chalicelib.registry.types import Account, Site

__all__ = [
    "Overtaken",
    "account",
    "accounts",
    "all_pools",
    "all_sites",
    "campaign",
    "campaigns_of",
    "change_credentials",
    "change_number",
    "close_endpoint",
    "create_account",
    "create_campaign",
    "create_endpoint",
    "create_key",
    "create_pool",
    "create_site",
    "current_owners",
    "endpoint_in_use",
    "endpoints_of",
    "key_by_secret",
    "keys_of",
    "let_go",
    "move_numbers",
    "new_site_key",
    "number_of_site",
    "numbers_of",
    "numbers_page",
    "ownerships",
    "pool",
    "pools_of",
    "publish",
    "put_numbers",
    "put_rules",
    "put_self_reported_rules",
    "revoke_key",
    "rotate_site_key",
    "rules_of",
    "self_reported_rules_of",
    "site",
    "sites_of",
    "update_campaign",
    "update_pool",
    "update_site",
]


def create_account(value: Account) -> Account:
    """Store an account. Raises Conflict where the id is taken."""
    missing = Entry.pk.does_not_exist()
    if directory_table.commit(
        lambda transaction: transaction.save(
            directory_table.entry(keys.ACCOUNTS, value.account_id, value), condition=missing
        )
    ):
        raise Conflict("This account exists already.")
    return value


def account(account_id: str) -> Account | None:
    """Return one account, or None."""
    return directory_table.read(keys.ACCOUNTS, account_id, Account)


def accounts() -> tuple[Account, ...]:
    """Return all accounts by id."""
    return directory_table.values(keys.ACCOUNTS, "", Account)


def new_site_key() -> str:
    """Return a publishable key nobody has yet."""
    return tokens.random_id("sk", 12)


def create_site(value: Site) -> Site:
    """Store a site. Raises NotFound where its account does not exist, Conflict where its id is taken."""

    def fill(transaction: Transaction) -> None:
        model = directory_table.entries()
        transaction.condition_check(model, keys.ACCOUNTS, value.account_id, condition=Entry.pk.exists())
        first = directory_table.entry(keys.SITES, value.site_id, value, version=0)
        transaction.save(first, condition=Entry.pk.does_not_exist())
        transaction.save(directory_table.entry(keys.account_pk(value.account_id), f"SITE#{value.site_id}"))

    failed = directory_table.commit(fill)
    if 0 in failed:
        raise NotFound("No such account.")
    if failed:
        raise Conflict("This site exists already.")
    publish(value.site_id)
    return value


def site(site_id: str) -> Site | None:
    """Return one site, or None."""
    return directory_table.read(keys.SITES, site_id, Site)


def sites_of(account_id: str) -> tuple[Site, ...]:
    """Return an account's sites by id."""
    owned = directory_table.listing(keys.account_pk(account_id), "SITE#")
    found = directory_table.items((keys.SITES, pointer.sk.removeprefix("SITE#")) for pointer in owned)
    return tuple(sorted((directory_table.value_of(entry, Site) for entry in found), key=lambda value: value.site_id))


def all_sites() -> tuple[Site, ...]:
    """Return the sites of all accounts by id: one partition's query."""
    return directory_table.values(keys.SITES, "", Site)


def update_site(site_id: str, changes: Mapping[str, Any]) -> Site:
    """Replace fields of a site. Raises NotFound."""
    changed = directory_table.change(keys.SITES, site_id, Site, changes, what="site")
    publish(site_id)
    return changed


def rotate_site_key(site_id: str) -> Site:
    """Give a site a new publishable key; the old one's snapshot goes when the new one's comes. Raises NotFound."""
    return update_site(site_id, {"site_key": new_site_key()})
