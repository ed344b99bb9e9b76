"""Campaigns in storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.types import Campaign


def create_campaign(value: Campaign) -> Campaign:
    """Store a campaign. Raises NotFound where its site does not exist, Conflict where its id is taken."""

    def fill(transaction: Transaction) -> None:
        transaction.condition_check(directory_table.entries(), keys.SITES, value.site_id, condition=Entry.pk.exists())
        first = directory_table.entry(keys.site_pk(value.site_id), f"CAMPAIGN#{value.campaign_id}", value)
        transaction.save(first, condition=Entry.pk.does_not_exist())

    failed = directory_table.commit(fill)
    if 0 in failed:
        raise NotFound("No such site.")
    if failed:
        raise Conflict("This campaign exists already.")
    return value


def campaign(site_id: str, campaign_id: str) -> Campaign | None:
    """Return one campaign of a site, or None."""
    return directory_table.read(keys.site_pk(site_id), f"CAMPAIGN#{campaign_id}", Campaign)


def campaigns_of(site_id: str) -> tuple[Campaign, ...]:
    """Return a site's campaigns by id, archived ones too."""
    return directory_table.values(keys.site_pk(site_id), "CAMPAIGN#", Campaign)


def update_campaign(site_id: str, campaign_id: str, changes: Mapping[str, Any]) -> Campaign:
    """Replace fields of a campaign. Raises NotFound."""
    return directory_table.change(keys.site_pk(site_id), f"CAMPAIGN#{campaign_id}", Campaign, changes, what="campaign")
