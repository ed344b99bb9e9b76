"""From a call's evidence to its credit under a model. Pure: verdicts are computed, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from chalicelib.attribution.models import MODELS
from chalicelib.attribution.types import AttributedCall, Credit, Evidence, EvidenceKind, Source
from chalicelib.errors import BadInput
from chalicelib.registry.types import Campaign

ONE = Decimal(1)


def credit_of(attributed: AttributedCall, model: str, campaigns: Sequence[Campaign]) -> tuple[Credit, ...]:
    """Who gets the call: its touches as `model` says, a static number's campaign, the overflow number, or unknown.

    A touch that fits a campaign of the registry takes that campaign's channel. The weights sum to exactly 1.
    Raises BadInput for a model we do not know.
    """
    if model not in MODELS:
        raise BadInput("model", f"is not one of {', '.join(MODELS)}")
    evidence = attributed.evidence
    if evidence.kind is EvidenceKind.STATIC:
        return (_whole(_static_source(evidence, campaigns)),)
    if evidence.kind is EvidenceKind.OVERFLOW:
        return (_whole(_bare("overflow")),)
    if not evidence.touches:
        return (_whole(_bare("unknown")),)
    weights = MODELS[model](evidence.touches)
    return tuple(
        Credit(_in_campaign(touch.source, campaigns), weight, touch.region, landing_page(touch.url))
        for touch, weight in zip(evidence.touches, weights, strict=True)
        if weight
    )


def landing_page(url: str) -> str:
    """The page of a URL: host and path, without the tags that make every click another URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.netloc}{parts.path or '/'}" if parts.netloc else ""


def _static_source(evidence: Evidence, campaigns: Sequence[Campaign]) -> Source:
    campaign = next((each for each in campaigns if each.campaign_id == evidence.campaign_id), None)
    if campaign is None:
        return replace(_bare("offline"), campaign=evidence.campaign_id or "")
    told = campaign.match
    name = told.get("campaign", campaign.name)
    source, medium = told.get("source", ""), told.get("medium", "")
    return replace(_bare(campaign.channel or "offline"), source=source, medium=medium, campaign=name)


def _in_campaign(source: Source, campaigns: Sequence[Campaign]) -> Source:
    for campaign in campaigns:
        if (
            campaign.channel
            and campaign.match
            and all(getattr(source, field, "").lower() == value.lower() for field, value in campaign.match.items())
        ):
            return replace(source, channel=campaign.channel)
    return source


def _bare(channel: str) -> Source:
    return Source(channel, "", "", "", "", "")


def _whole(source: Source) -> Credit:
    return Credit(source, ONE, "", "")
