"""Which channel and campaign a row of spend is compared under: those its clicks and calls come in. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.attribution.channels import channel_of
from chalicelib.attribution.referrers import place_of_name
from chalicelib.registry.types import Campaign
from chalicelib.reports.facts import SpendFact
from chalicelib.reports.spend.row import SpendRow


def spend_fact(site_id: str, row: SpendRow, campaigns: Sequence[Campaign] = ()) -> SpendFact:
    """A row as it is counted: under the registry's campaign it fits, else as its own columns say."""
    campaign = next((each for each in campaigns if _fits(each, row)), None)
    return SpendFact(
        site_id=site_id,
        day=row.day,
        channel=row.channel or (campaign.channel if campaign else None) or _channel(row),
        source=row.source,
        medium=row.medium,
        campaign=_campaign(row, campaign),
        campaign_name=row.campaign_name,
        keyword=row.keyword,
        creative=row.ad_id,
        cost=row.cost,
        currency=row.currency,
        clicks=row.clicks,
        impressions=row.impressions,
    )


def _fits(campaign: Campaign, row: SpendRow) -> bool:
    """By the campaign's own id or name, as people write the cost of a billboard, or by all it is recognised by."""
    if row.campaign and row.campaign in (campaign.campaign_id, campaign.name):
        return True
    return bool(campaign.match) and all(
        getattr(row, part, "").lower() == value.lower() for part, value in campaign.match.items()
    )


def _campaign(row: SpendRow, campaign: Campaign | None) -> str:
    """The campaign as credits name it: a registered one by its tag or name, never by our internal id."""
    if campaign is not None and row.campaign == campaign.campaign_id:
        return campaign.match.get("campaign", campaign.name)
    return row.campaign


def _channel(row: SpendRow) -> str:
    """The channel a visit with these tags would get; offline where there are none (a billboard, wages)."""
    if not row.source and not row.medium:
        return "offline"
    place = place_of_name(row.source) if row.source else None
    return channel_of(row.medium, place.kind if place else None)
