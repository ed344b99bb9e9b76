"""The book of a site as the registry has it now."""

from __future__ import annotations

from datetime import datetime

from chalicelib.attribution.rulebook import Book
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site


def book_of(site: Site, now: datetime) -> Book:
    """Its campaigns, its account's rules and reading of answers, at most a minute old. Raises StorageUnavailable."""
    campaigns, rules = snapshot.campaigns_of(site.site_id, now), snapshot.rules_of(site.account_id, now)
    return Book(campaigns, rules.rules, site.time_zone, snapshot.self_reported_rules_of(site.account_id, now).rules)
