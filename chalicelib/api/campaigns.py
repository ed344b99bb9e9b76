"""Campaigns: how an account's own campaigns are recognised, and what their calls are worth."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.api import campaign_import
from chalicelib.api.auth import site_of
from chalicelib.api.campaign_service import LONGEST, add, change
from chalicelib.api.recompute_days import asked_days, recompute
from chalicelib.api.requests import Name, Seconds, given, plain
from chalicelib.core.errors import NotFound
from chalicelib.registry import store
from chalicelib.runtime.http import Answer, Request

Texts = list[Annotated[str, Meta(max_length=LONGEST)]]


class CampaignChange(Struct, kw_only=True):
    """Body of PATCH …/campaigns/{campaign_id}: any of the fields; null empties one."""

    name: Name | UnsetType = UNSET
    channel: str | UnsetType | None = UNSET
    match: dict[str, str] | UnsetType = UNSET
    platform_ids: dict[str, str | Texts] | UnsetType = UNSET
    creatives: Texts | UnsetType = UNSET
    target_talk_seconds: Seconds | UnsetType | None = UNSET
    starts_on: date | UnsetType | None = UNSET
    ends_on: date | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET


class NewCampaign(CampaignChange, kw_only=True):
    """Body of POST …/campaigns."""

    name: Name


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's campaigns. POST: add one (201), or import a table of them; days are counted anew."""
    site = site_of(request, site_id)
    if request.method == "GET":
        return {"campaigns": [plain(campaign) for campaign in store.campaigns_of(site_id)]}
    back = asked_days(request)
    if request.header("content-type").partition(";")[0].strip() != "application/json":
        report = campaign_import.import_table(site, request.body, request.now, most=campaign_import.MOST_ROWS)
        return report | {"recomputed": recompute([site], back if report["landed"] else 0, request.now)}
    made = add(site, given(request, NewCampaign), request.now)
    if made.match or made.platform_ids or made.creatives:  # else no call that came before can be its own
        recompute([site], back, request.now, since=made.starts_on)
    return Answer(plain(made), 201)


def item(request: Request, site_id: str, campaign_id: str) -> Any:
    """GET: one campaign. PATCH: change the fields given; days are counted anew.

    An archived campaign's static numbers are archived with it, and its last day is today where it had not come yet.
    """
    site = site_of(request, site_id)
    campaign = store.campaign(site_id, campaign_id)
    if campaign is None:
        raise NotFound("No such campaign of this site.")
    if request.method == "GET":
        return plain(campaign)
    back = asked_days(request)
    changed = change(site, campaign, given(request, CampaignChange), request.now)
    starts = min(campaign.starts_on or date.min, changed.starts_on or date.min)
    recompute([site], back if changed != campaign else 0, request.now, since=starts)
    return plain(changed)
