"""The book of a site for who has just changed it: read consistently, past every container's minute."""

from __future__ import annotations

from chalicelib.attribution.book import Book
from chalicelib.registry import store
from chalicelib.registry.types import Site


def book_of(site: Site) -> Book:
    """Its campaigns and its account's rules."""
    return Book(store.campaigns_of(site.site_id), store.rules_of(site.account_id).rules, site.time_zone)
