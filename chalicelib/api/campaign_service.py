"""Campaigns added and changed, by request or by import: what is checked, and what archiving one takes along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chalicelib.api import validators
from chalicelib.api.requests import checked
from chalicelib.attribution.campaign_match import MATCHED, PLATFORMS
from chalicelib.core import tokens
from chalicelib.core.errors import BadInput
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberState, Site

MOST_VALUES, LONGEST = 100, 500  # ids or creatives of one campaign; characters of one


def add(site: Site, fields: dict[str, Any], now: datetime, campaign_id: str | None = None) -> Campaign:
    """Store a new campaign of the site. Raises BadInput naming the field, Conflict where its id is taken."""
    campaign = Campaign(campaign_id or tokens.random_id("c"), site.site_id, **checked_fields(fields))
    _check_dates(campaign)
    return store.create_campaign(replace(campaign, **_ended(campaign, site, now)))


def change(site: Site, campaign: Campaign, fields: dict[str, Any], now: datetime) -> Campaign:
    """Store changed fields of a campaign. Raises BadInput naming the field, NotFound."""
    wanted = replace(campaign, **checked_fields(fields))
    if not wanted.archived or not campaign.archived:
        _check_dates(wanted)
    ended = {} if campaign.archived else _ended(wanted, site, now)
    changed = store.update_campaign(site.site_id, campaign.campaign_id, checked_fields(fields) | ended)
    if changed.archived:
        _archive_numbers(site.site_id, campaign.campaign_id, now)
    return changed


def checked_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as a person sent them, each in its one form. Raises BadInput naming the field."""
    by_field: dict[str, Callable[[Any, str], Any]] = {
        "channel": lambda name, field: name if name is None else validators.channel(name, field),
        "match": _match,
        "platform_ids": _platform_ids,
        "creatives": _texts,
    }
    return checked(fields, by_field)


def _match(parts: dict[str, str], field: str) -> dict[str, str]:
    """Parts of a click and their values; an empty value asks for nothing."""
    for name, value in parts.items():
        validators.one_of(name, f"{field}.{name}", MATCHED)
        if len(value) > LONGEST:
            raise BadInput(f"{field}.{name}", f"longer than {LONGEST} characters")
    return {name: value.strip() for name, value in parts.items() if value.strip()}


def _platform_ids(ids: dict[str, str | list[str]], field: str) -> dict[str, tuple[str, ...]]:
    """Ids by platform; a single one needs no list."""
    found = {}
    for platform, given in ids.items():
        validators.one_of(platform, f"{field}.{platform}", PLATFORMS)
        texts = _texts([given] if isinstance(given, str) else given, f"{field}.{platform}")
        for text in texts:
            if not text.isalnum() or not text.isascii():
                raise BadInput(f"{field}.{platform}", "not an id of latin letters and digits")
        if texts:
            found[platform] = texts
    return found


def _texts(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """Texts without blanks around them, each once."""
    kept = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(kept) > MOST_VALUES:
        raise BadInput(field, f"more than {MOST_VALUES}")
    return kept


def _check_dates(campaign: Campaign) -> None:
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        raise BadInput("ends_on", "is before starts_on")


def _ended(campaign: Campaign, site: Site, now: datetime) -> dict[str, Any]:
    """Return an archived campaign's last day, today at the latest: it keeps its past and gets no new touches."""
    today = site.day_of(now)
    if not campaign.archived or (campaign.ends_on and campaign.ends_on <= today):
        return {}
    return {"ends_on": today}


def _archive_numbers(site_id: str, campaign_id: str, now: datetime) -> None:
    """Late calls to them still name the campaign; the numbers are free for another pool or campaign."""
    of_campaign = [number for number in store.numbers_of(site_id) if number.campaign_id == campaign_id]
    active = [number for number in of_campaign if number.state is not NumberState.ARCHIVED]
    if active:
        archived = [replace(number, state=NumberState.ARCHIVED, state_since=now) for number in active]
        store.put_numbers(site_id, archived)
