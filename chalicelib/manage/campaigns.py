"""Campaigns: how an account's own campaigns are recognised, and what their calls are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from chalicelib import tokens
from chalicelib.errors import BadInput, NotFound
from chalicelib.http import Answer, Request
from chalicelib.manage import checks
from chalicelib.manage.auth import site_of
from chalicelib.manage.bodies import Name, Seconds, checked, given, plain
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberState

MATCHED = ("source", "medium", "campaign")  # parts of a click that `match` may name


class CampaignChange(Struct, kw_only=True):
    """Body of PATCH …/campaigns/{campaign_id}: any of the fields; null empties one."""

    name: Name | UnsetType = UNSET
    channel: str | UnsetType | None = UNSET
    match: dict[str, str] | UnsetType = UNSET
    target_talk_seconds: Seconds | UnsetType | None = UNSET
    starts_on: date | UnsetType | None = UNSET
    ends_on: date | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET


class NewCampaign(CampaignChange, kw_only=True):
    """Body of POST …/campaigns."""

    name: Name


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's campaigns. POST: add one (201)."""
    site_of(request, site_id)
    if request.method == "GET":
        return {"campaigns": [plain(campaign) for campaign in store.campaigns_of(site_id)]}
    fields = _checked(given(request, NewCampaign))
    campaign = Campaign(tokens.random_id("c"), site_id, **fields)
    _check_dates(campaign)
    return Answer(plain(store.create_campaign(campaign)), 201)


def item(request: Request, site_id: str, campaign_id: str) -> Any:
    """GET: one campaign. PATCH: change the fields given; `archived` archives its static numbers with it."""
    site_of(request, site_id)
    campaign = store.campaign(site_id, campaign_id)
    if campaign is None:
        raise NotFound("No such campaign of this site.")
    if request.method == "GET":
        return plain(campaign)
    fields = _checked(given(request, CampaignChange))
    _check_dates(replace(campaign, **fields))
    changed = store.update_campaign(site_id, campaign_id, fields)
    if changed.archived:
        _archive_numbers(site_id, campaign_id)
    return plain(changed)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    by_field: dict[str, Callable[[Any, str], Any]] = {"channel": _channel, "match": _match}
    return checked(fields, by_field)


def _channel(name: str | None, field: str) -> str | None:
    """A channel of ours or one the account names itself, as reports group by it."""
    if name is not None and not 1 <= len(name.strip()) <= 60:
        raise BadInput(field, "not a name of 1 to 60 characters")
    return name if name is None else name.strip()


def _match(parts: dict[str, str], field: str) -> dict[str, str]:
    for name in parts:
        checks.one_of(name, f"{field}.{name}", MATCHED)
    return parts


def _check_dates(campaign: Campaign) -> None:
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        raise BadInput("ends_on", "is before starts_on")


def _archive_numbers(site_id: str, campaign_id: str) -> None:
    """Late calls to them still name the campaign; the numbers are free for another place."""
    of_campaign = [number for number in store.numbers_of(site_id) if number.campaign_id == campaign_id]
    active = [number for number in of_campaign if number.state is not NumberState.ARCHIVED]
    if active:
        store.put_numbers(site_id, [replace(number, state=NumberState.ARCHIVED) for number in active])
