"""Which campaign of the registry a touch or a row of spend belongs to, and how reports name it. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.core import wildcard
from chalicelib.registry.types import Campaign
from chalicelib.visits.referrers import known_source_of_name
from chalicelib.visits.types import Source

# Platform → the sites its advertisements bring visitors from, as `referrers` names them; empty: any.
PLATFORMS: dict[str, frozenset[str]] = {
    "yandex_direct": frozenset({"yandex", "yandex maps", "yandex market", "dzen"}),
    "google_ads": frozenset({"google", "youtube", "google maps", "gmail"}),
    "vk_ads": frozenset({"vk", "ok", "mytarget", "my.mail.ru", "dzen"}),
    "mytarget": frozenset({"mytarget", "vk", "ok", "my.mail.ru", "mail.ru"}),
    "telegram_ads": frozenset({"telegram"}),
    "meta_ads": frozenset({"facebook", "instagram", "messenger", "threads", "whatsapp"}),
    "tiktok_ads": frozenset({"tiktok"}),
    "microsoft_ads": frozenset({"bing", "yahoo", "duckduckgo"}),
    "avito": frozenset({"avito"}),
    "2gis": frozenset({"2gis"}),
    "other": frozenset(),
}
MATCHED = ("source", "medium", "campaign", "keyword")  # parts of a source that `match` may name
SHORTEST_INSIDE = 6  # a shorter id must be the whole campaign tag: `12` is in many names
_WORDS = re.compile(r"[^0-9A-Za-z]+")


class Fit(NamedTuple):
    """How closely a campaign fits, compared field by field: the greatest wins."""

    creative: bool
    by_id: bool
    parts: int  # of `match` that fit
    letters: int  # written out, not left to a `*`
    dated: bool
    starts_on: date


class _Marks(NamedTuple):
    """What ids are looked for in, computed once for all campaigns."""

    origin: str  # the known site the touch came from; empty: unknown
    campaign: str
    words: set[str]


def best(campaigns: Iterable[Campaign], source: Source, day: date) -> Campaign | None:
    """Return the campaign that fits most closely on a day of the site's zone; of equal ones the one with the first id.

    A creative that is named is closer than none, a platform's id closer than tags, more parts than fewer, `brand` than
    `br*`, a campaign with dates than one without, a later start than an earlier.
    """
    marks = _marks_of(source)
    found = [(fit, campaign) for campaign in campaigns if (fit := _fit(campaign, source, marks, day)) is not None]
    if not found:
        return None
    closest = max(fit for fit, _ in found)
    return min((campaign for fit, campaign in found if fit == closest), key=lambda each: each.campaign_id)


def fit_of(campaign: Campaign, source: Source, day: date) -> Fit | None:
    """Return how closely the campaign fits; None where it does not."""
    return _fit(campaign, source, _marks_of(source), day)


def key_of(campaign: Campaign) -> str:
    """Return what reports group the campaign's calls, deals and spend by: its one tag or its one id, else its name."""
    tag = campaign.match.get("campaign", "")
    if tag and not wildcard.is_pattern(tag) and not campaign.platform_ids:
        return tag
    ids = [number for numbers in campaign.platform_ids.values() for number in numbers]
    return ids[0] if len(ids) == 1 and not campaign.match else campaign.name


def placed(campaign: Campaign, source: Source) -> Source:
    """Return the source with the campaign's name in reports, and its channel where the campaign has one."""
    return replace(source, channel=campaign.channel or source.channel, campaign=key_of(campaign))


def names_of(campaigns: Iterable[Campaign]) -> dict[str, str]:
    """Return what reports group by → the campaign's name, where that says more; several campaigns may share a tag."""
    names: dict[str, set[str]] = defaultdict(set)
    for campaign in campaigns:
        names[key_of(campaign)].add(campaign.name)
    return {key: " / ".join(sorted(found)) for key, found in names.items() if found != {key}}


def _marks_of(source: Source) -> _Marks:
    known = known_source_of_name(source.source) if source.source else None
    words = {*_WORDS.split(source.campaign), *_WORDS.split(source.creative)}
    return _Marks(known.source if known else "", source.campaign, words)


def _fit(campaign: Campaign, source: Source, marks: _Marks, day: date) -> Fit | None:
    if not _runs_on(campaign, day):
        return None
    by_id = _carries_id(campaign.platform_ids, marks)
    by_tags = bool(campaign.match) and all(
        wildcard.fits(value, getattr(source, part, "")) for part, value in campaign.match.items()
    )
    has_marks = bool(campaign.match or campaign.platform_ids)
    if not (by_id or by_tags or (campaign.creatives and not has_marks)):
        return None
    if campaign.creatives and not any(wildcard.fits(creative, source.creative) for creative in campaign.creatives):
        return None
    fitting = campaign.match if by_tags else {}
    letters = sum(len(value.replace("*", "").replace("?", "")) for value in fitting.values())
    dated = campaign.starts_on is not None or campaign.ends_on is not None
    return Fit(bool(campaign.creatives), by_id, len(fitting), letters, dated, campaign.starts_on or date.min)


def _runs_on(campaign: Campaign, day: date) -> bool:
    return (campaign.starts_on or date.min) <= day <= (campaign.ends_on or date.max)


def _carries_id(platform_ids: Mapping[str, Iterable[str]], marks: _Marks) -> bool:
    """Return whether one of the ids is in utm_campaign (or, as K50 writes it, utm_content) of that platform's touch."""
    for platform, numbers in platform_ids.items():
        from_there = PLATFORMS.get(platform, frozenset())
        if marks.origin and from_there and marks.origin not in from_there:
            continue
        if any(
            number == marks.campaign or (number in marks.words and len(number) >= SHORTEST_INSIDE) for number in numbers
        ):
            return True
    return False
