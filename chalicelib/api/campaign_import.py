"""Campaigns as a table anybody can write: one line a campaign, found again by its id or name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.api.campaign_service import add, change, checked_fields
from chalicelib.attribution.campaign_match import MATCHED, PLATFORMS
from chalicelib.core import csv_table
from chalicelib.core.errors import BadInput, Conflict
from chalicelib.pool.lending import provision_numbers
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberKind, Site
from chalicelib.reports.spend.generic_csv import parse_day

MOST_ROWS = 500  # of one HTTP request; the command line takes any number
HEADINGS = {
    "id": "campaign_id",
    "campaign": "name",
    "campaign name": "name",
    "кампания": "name",
    "название": "name",
    "название кампании": "name",
    "канал": "channel",
    "utm_source": "source",
    "источник": "source",
    "utm_medium": "medium",
    "тип трафика": "medium",
    "utm_campaign": "tag",
    "метка": "tag",
    "utm_term": "keyword",
    "ключевая фраза": "keyword",
    "utm_content": "creatives",
    "creative": "creatives",
    "объявления": "creatives",
    "яндекс директ": "yandex_direct",
    "яндекс.директ": "yandex_direct",
    "директ": "yandex_direct",
    "google ads": "google_ads",
    "vk ads": "vk_ads",
    "вк реклама": "vk_ads",
    "авито": "avito",
    "порог": "target_talk_seconds",
    "целевой от, с": "target_talk_seconds",
    "с": "starts_on",
    "начало": "starts_on",
    "по": "ends_on",
    "окончание": "ends_on",
    "архив": "archived",
    "number": "numbers",
    "номер": "numbers",
    "номера": "numbers",
    "target number": "target_number",
    "номер переадресации": "target_number",
}
YES, NO = frozenset({"1", "yes", "true", "да", "+"}), frozenset({"0", "no", "false", "нет", "-"})
_SEVERAL = re.compile(r"[\s,;|]+")
Rejection = dict[str, Any]


def import_table(site: Site, raw: bytes, now: datetime, *, most: int | None = None) -> dict[str, Any]:
    """Add and change campaigns: `{"rows", "landed", "unchanged", "rejected": [{line, field, reason}], "numbers"}`.

    A line whose id or name exists changes that campaign; its empty cells change nothing. Static numbers are placed
    once all campaigns have landed: `numbers` is their own `{"landed", "unchanged"}`. Bad lines keep
    no good one out. Raises BadInput for a file that is no table or has more than `most` lines.
    """
    rows = list(csv_table.read_rows(raw, HEADINGS))
    if most is not None and len(rows) > most:
        raise BadInput("rows", f"more than {most}: split the file, or use the command line")
    known = {campaign.campaign_id: campaign for campaign in store.campaigns_of(site.site_id)}
    landed = unchanged = 0
    rejected: list[Rejection] = []
    numbers: list[tuple[int, Mapping[str, str]]] = []
    seen: set[str] = set()
    for line, cells in rows:
        try:
            campaign, changed = _taken(site, cells, known, seen, now)
        except (BadInput, Conflict) as error:
            rejected.append(_rejection(line, error.field, getattr(error, "reason", error.message)))
            continue
        landed, unchanged = landed + changed, unchanged + (not changed)
        numbers += [(line, row) for row in _number_rows(cells, campaign)]
    placed, refused = _place(site, numbers, now)
    listed = sorted([*rejected, *refused], key=lambda one: int(one["line"]))
    return {"rows": len(rows), "landed": landed, "unchanged": unchanged, "rejected": listed, "numbers": placed}


def _taken(
    site: Site, cells: Mapping[str, str], known: dict[str, Campaign], seen: set[str], now: datetime
) -> tuple[Campaign, bool]:
    """Store one line's campaign. Return it, and whether it changed."""
    csv_table.require(cells)
    existing = _existing(cells, known)
    fields = _fields(cells, existing)
    name = str(fields.get("name") or (existing.name if existing else ""))
    if not 1 <= len(name) <= 200:
        raise BadInput("name", "not a name of 1 to 200 characters")
    if name.casefold() in seen:
        raise BadInput("name", "is already in an earlier line")
    seen.add(name.casefold())
    if existing is None:
        campaign = add(site, fields, now, cells.get("campaign_id") or None)
    elif all(getattr(existing, field) == value for field, value in checked_fields(fields).items()):
        return existing, False
    else:
        campaign = change(site, existing, fields, now)
    known[campaign.campaign_id] = campaign
    return campaign, True


def _existing(cells: Mapping[str, str], known: Mapping[str, Campaign]) -> Campaign | None:
    campaign_id, name = cells.get("campaign_id", ""), cells.get("name", "").casefold()
    if campaign_id:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", campaign_id):
            raise BadInput("campaign_id", "not 1 to 64 letters, digits, - or _")
        return known.get(campaign_id)
    same = [campaign for campaign in known.values() if campaign.name.casefold() == name]
    if len(same) > 1:
        raise BadInput("name", "is the name of several campaigns: give campaign_id")
    return same[0] if same else None


def _fields(cells: Mapping[str, str], existing: Campaign | None) -> dict[str, Any]:
    """Return the filled cells as fields of a campaign; parts and ids that exist already are kept beside them."""
    filled = {name: cell for name, cell in cells.items() if cell}
    fields: dict[str, Any] = {name: filled[name] for name in ("name", "channel") if name in filled}
    match = {part: filled[column] for part in MATCHED if (column := "tag" if part == "campaign" else part) in filled}
    ids = {platform: _SEVERAL.split(filled[platform]) for platform in PLATFORMS if platform in filled}
    if match:
        fields["match"] = {**(existing.match if existing else {}), **match}
    if ids:
        fields["platform_ids"] = {**({k: list(v) for k, v in existing.platform_ids.items()} if existing else {}), **ids}
    if "creatives" in filled:
        fields["creatives"] = re.split(r"[,;|]", filled["creatives"])
    if "target_talk_seconds" in filled:
        fields["target_talk_seconds"] = _seconds(filled["target_talk_seconds"])
    for name in ("starts_on", "ends_on"):
        if name in filled:
            fields[name] = parse_day(filled[name], field=name)
    if "archived" in filled:
        fields["archived"] = _yes(filled["archived"])
    return fields


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) > 86_400:
        raise BadInput("target_talk_seconds", "not a number of seconds up to 86400")
    return int(text)


def _yes(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise BadInput("archived", "not yes or no")
    return text.lower() in YES


def _number_rows(cells: Mapping[str, str], campaign: Campaign) -> list[Mapping[str, str]]:
    """Return a line's static numbers as rows of an import of numbers; an archived campaign's are not placed again."""
    if campaign.archived:
        return []
    of_campaign = {"kind": NumberKind.STATIC.value, "campaign_id": campaign.campaign_id, "label": campaign.name}
    numbers = re.split(r"[,;|]", cells.get("numbers", ""))
    target = cells.get("target_number", "")
    return [{**of_campaign, "number": number, "target_number": target} for number in numbers if number.strip()]


def _place(
    site: Site, rows: list[tuple[int, Mapping[str, str]]], now: datetime
) -> tuple[dict[str, int], list[Rejection]]:
    """Place the numbers; a refusal names the campaign's line, though a line may have several numbers."""
    if not rows:
        return {"landed": 0, "unchanged": 0}, []
    report = provision_numbers.import_numbers(
        site.site_id, [(place_in, row) for place_in, (_, row) in enumerate(rows)], now
    )
    refused = [
        one | _rejection(rows[one["line"]][0], "numbers" if one["field"] == "number" else one["field"], one["reason"])
        for one in report["rejected"]
    ]
    return {"landed": report["landed"], "unchanged": report["unchanged"]}, refused


def _rejection(line: int, field: str | None, reason: str) -> Rejection:
    return {"line": line, "field": field or "row", "reason": reason}
