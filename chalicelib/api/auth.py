"""Who asks: an account's API key sees that account only; the operator's sees all."""

from __future__ import annotations

from chalicelib.core.errors import Forbidden, NotAuthenticated, NotFound
from chalicelib.registry import store
from chalicelib.registry.types import ApiKey, Site
from chalicelib.runtime import tracing
from chalicelib.runtime.http import Request


def key_of(request: Request) -> ApiKey:
    """Return the API key of `Authorization: Bearer <key>`. Raises NotAuthenticated."""
    scheme, _, secret = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated("Send an API key: Authorization: Bearer <key>.")
    key = store.key_by_secret(secret.strip())
    if key is None:
        raise NotAuthenticated("This API key is not known or was revoked.")
    return key


def operator_of(request: Request) -> ApiKey:
    """Return the API key of the operator. Raises NotAuthenticated, Forbidden for an account's key."""
    key = key_of(request)
    if key.account_id is not None:
        raise Forbidden("Only the operator may do this.")
    return key


def account_of(key: ApiKey, asked: str | None) -> str | None:
    """Return the account a request is about: the one asked for, else the key's own (None: the operator's own).

    Raises NotFound for an account the key does not own, as if it did not exist.
    """
    if asked is None or asked == key.account_id:
        return key.account_id
    if key.account_id is not None:
        raise NotFound("No such account.")
    return asked


def site_of(request: Request, site_id: str) -> Site:
    """Return the site a request is about. Raises NotAuthenticated, or NotFound where the key may not know of it."""
    key = key_of(request)
    site = store.site(site_id)
    if site is None or key.account_id not in (None, site.account_id):
        raise NotFound("No such site.")
    tracing.annotate(site=site_id)
    return site
