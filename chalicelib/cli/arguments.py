"""The site a command is about."""

from __future__ import annotations

from chalicelib.core.errors import NotFound
from chalicelib.registry import store
from chalicelib.registry.types import Site


def site_of(site_id: str) -> Site:
    """Return the site. Raises NotFound."""
    site = store.site(site_id)
    if site is None:
        raise NotFound(f"There is no site {site_id}.")
    return site
