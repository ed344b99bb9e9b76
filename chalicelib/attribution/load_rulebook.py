"""Load the rulebook of a site from the registry's snapshot."""

from __future__ import annotations

from datetime import datetime

from chalicelib.attribution.rulebook import Rulebook
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site


def load_rulebook(site: Site, now: datetime) -> Rulebook:
    """Load the site's campaigns and its account's rules, at most a minute old. Raises StorageUnavailable."""
    campaigns, rules = snapshot.campaigns_of(site.site_id, now), snapshot.rules_of(site.account_id, now)
    return Rulebook(campaigns, rules.rules, site.time_zone, snapshot.self_reported_rules_of(site.account_id, now).rules)
