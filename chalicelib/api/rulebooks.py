"""The rulebook of a site for who has just changed it: read consistently, past every container's minute."""

from __future__ import annotations

from chalicelib.attribution.rulebook import Rulebook
from chalicelib.registry import store
from chalicelib.registry.types import Site


def read_rulebook(site: Site) -> Rulebook:
    """Its campaigns, its account's rules and its reading of answers."""
    rules, answers = store.rules_of(site.account_id).rules, store.self_reported_rules_of(site.account_id).rules
    return Rulebook(store.campaigns_of(site.site_id), rules, site.time_zone, answers)
