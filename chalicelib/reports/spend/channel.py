"""Which channel and campaign a row of spend is compared under: those its clicks and calls come in. Pure."""

from __future__ import annotations

from chalicelib.attribution import campaign_match
from chalicelib.attribution.rulebook import Decision, Rulebook
from chalicelib.reports.fact_rows import SpendFact
from chalicelib.reports.spend.row import SpendRow
from chalicelib.visits.channels import channel_named, channel_of
from chalicelib.visits.referrers import known_source_of_name
from chalicelib.visits.types import Source


def spend_fact(site_id: str, row: SpendRow, rulebook: Rulebook) -> SpendFact:
    """Return a row as it is counted: as its file says, else under the campaign it fits, else by the account's rules."""
    found = _decided(row, rulebook)
    return SpendFact(
        site_id=site_id,
        day=row.day,
        channel=channel_named(row.channel) or found.source.channel,
        source=found.source.source,
        medium=found.source.medium,
        campaign=found.source.campaign,
        campaign_name=row.campaign_name,
        keyword=row.keyword,
        creative=row.ad_id,
        cost=row.cost,
        currency=row.currency,
        clicks=row.clicks,
        impressions=row.impressions,
    )


def _decided(row: SpendRow, rulebook: Rulebook) -> Decision:
    """By the campaign's own id or name, as people write the cost of a billboard, or as a click with these tags."""
    source = Source(_channel(row), row.source, row.medium, row.campaign, row.keyword, row.ad_id)
    named = (each for each in rulebook.campaigns if row.campaign and row.campaign in (each.campaign_id, each.name))
    campaign = next(named, None)
    if campaign is not None:
        return Decision(campaign_match.placed(campaign, source), None, campaign)
    return rulebook.decide_source(source, row.day)


def _channel(row: SpendRow) -> str:
    """Return the channel a visit with these tags would get; offline where there are none (a billboard, wages)."""
    if not row.source and not row.medium:
        return "offline"
    known = known_source_of_name(row.source) if row.source else None
    return channel_of(row.medium, known.kind if known else None)
