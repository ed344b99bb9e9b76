"""Webhook endpoints with their credentials, and API keys. A secret is returned once, when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from chalicelib.core import tokens
from chalicelib.core.errors import NotFound
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.endpoint_token import seal_endpoint
from chalicelib.registry.types import ApiKey, Endpoint, Site
from chalicelib.runtime.settings import settings

NO_ENDPOINT = "No such endpoint of this site."


def create_endpoint(endpoint: Endpoint) -> tuple[Endpoint, str]:
    """Store an endpoint; return it and the secret of its URL. Raises NotFound where its site does not exist."""
    site = directory_table.read(keys.SITES, endpoint.site_id, Site)
    if site is None:
        raise NotFound("No such site.")

    def fill(transaction: Transaction) -> None:
        transaction.save(directory_table.entry(keys.endpoint_pk(endpoint.endpoint_id), "ENDPOINT", endpoint))
        shown = directory_table.entry(
            keys.site_pk(endpoint.site_id), f"ENDPOINT#{endpoint.endpoint_id}", _shown(endpoint)
        )
        transaction.save(shown)

    directory_table.commit(fill)
    return endpoint, seal_endpoint(endpoint, site.country, settings().signing_key)


def endpoints_of(site_id: str) -> tuple[Endpoint, ...]:
    """Return a site's endpoints by id, without their credentials."""
    return directory_table.values(keys.site_pk(site_id), "ENDPOINT#", Endpoint)


def close_endpoint(site_id: str, endpoint_id: str) -> None:
    """Delete an endpoint's credentials and mark it as closed, for good.

    Raises NotFound where the site has no such endpoint.
    """
    closed = replace(_shown(endpoint_in_use(site_id, endpoint_id)), closed=True)

    def fill(transaction: Transaction) -> None:
        listed = directory_table.entry(keys.site_pk(site_id), f"ENDPOINT#{endpoint_id}")
        transaction.delete(listed, condition=Entry.pk.exists())
        transaction.save(directory_table.entry(keys.endpoint_pk(endpoint_id), "ENDPOINT", closed))

    if directory_table.commit(fill):
        raise NotFound(NO_ENDPOINT)


def change_credentials(site_id: str, endpoint_id: str, credentials: Mapping[str, str]) -> Endpoint:
    """Replace an endpoint's credentials; its URL stays. Raises NotFound where the site has no such open endpoint."""
    endpoint_in_use(site_id, endpoint_id)
    pk = keys.endpoint_pk(endpoint_id)
    changed = directory_table.change(pk, "ENDPOINT", Endpoint, {"credentials": dict(credentials)}, what="endpoint")
    if changed.closed:  # meanwhile: what is closed keeps no credentials
        directory_table.change(pk, "ENDPOINT", Endpoint, {"credentials": {}}, what="endpoint")
        raise NotFound(NO_ENDPOINT)
    return changed


def endpoint_in_use(site_id: str, endpoint_id: str) -> Endpoint:
    """Return a site's endpoint with its credentials. Raises NotFound where it does not exist or is closed."""
    found = directory_table.read(keys.endpoint_pk(endpoint_id), "ENDPOINT", Endpoint)
    if found is None or found.site_id != site_id or found.closed:
        raise NotFound(NO_ENDPOINT)
    return found


def create_key(account_id: str | None, label: str, now: datetime) -> tuple[ApiKey, str]:
    """Make an API key of an account (None: the operator's); return it and its secret. Raises NotFound."""
    secret = tokens.random_id("cp_", 30)
    key = ApiKey(tokens.random_id("key"), tokens.fingerprint(secret), account_id, label, now)

    def fill(transaction: Transaction) -> None:
        if account_id is not None:
            transaction.condition_check(
                directory_table.entries(), keys.ACCOUNTS, account_id, condition=Entry.pk.exists()
            )
        transaction.save(directory_table.entry(keys.api_key_pk(key.fingerprint), "APIKEY", key))
        transaction.save(directory_table.entry(keys.account_pk(account_id), f"KEY#{key.key_id}", key))

    if directory_table.commit(fill):
        raise NotFound("No such account.")
    return key, secret


def key_by_secret(secret: str) -> ApiKey | None:
    """Return the API key a secret belongs to, or None."""
    return directory_table.read(keys.api_key_pk(tokens.fingerprint(secret)), "APIKEY", ApiKey)


def keys_of(account_id: str | None) -> tuple[ApiKey, ...]:
    """Return an account's (None: the operator's) API keys by id."""
    return directory_table.values(keys.account_pk(account_id), "KEY#", ApiKey)


def revoke_key(account_id: str | None, key_id: str) -> None:
    """Delete an API key: it stops working at once. Raises NotFound where the account has no such key."""
    key = directory_table.read(keys.account_pk(account_id), f"KEY#{key_id}", ApiKey)
    if key is None:
        raise NotFound("No such API key.")

    def fill(transaction: Transaction) -> None:
        transaction.delete(directory_table.entry(keys.api_key_pk(key.fingerprint), "APIKEY"))
        transaction.delete(directory_table.entry(keys.account_pk(account_id), f"KEY#{key_id}"))

    directory_table.commit(fill)


def _shown(endpoint: Endpoint) -> Endpoint:
    return Endpoint(
        endpoint.endpoint_id,
        endpoint.site_id,
        endpoint.kind,
        endpoint.vendor,
        {},
        endpoint.target_number,
        endpoint.record,
        endpoint.time_zone,
        answering=endpoint.answering,
    )
