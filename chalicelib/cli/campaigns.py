"""`campaigns list|import|archive`: the campaign registry of a site."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api import campaign_import
from chalicelib.api.campaign_service import change
from chalicelib.api.recompute_days import DAYS, checked_days, recompute
from chalicelib.api.requests import plain
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show, show_import
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.registry import store


def add(commands: Any) -> None:
    """Declare the commands."""
    parent = commands.add_parser("campaigns", help="list, import or archive a site's campaigns")
    verbs = parent.add_subparsers(required=True, metavar="list|import|archive")
    listing = verbs.add_parser("list", help="print a site's campaigns, archived ones too")
    listing.set_defaults(run=_list, needs_stack=True)
    importer = verbs.add_parser(
        "import",
        help="read a CSV of campaigns into a site",
        description="Columns: name; any of campaign_id, channel, utm_source, utm_medium, utm_campaign, utm_term, "
        "utm_content, yandex_direct, google_ads, vk_ads, … (ids), target_talk_seconds, starts_on, ends_on, archived, "
        "numbers, target_number. A line whose id or name exists changes that campaign.",
    )
    importer.add_argument("file", metavar="FILE", help="CSV; any usual encoding and delimiter")
    importer.set_defaults(run=_import, needs_stack=True)
    archiver = verbs.add_parser("archive", help="end a campaign and free its static numbers")
    archiver.add_argument("campaign", metavar="ID", help="campaign id")
    archiver.set_defaults(run=_archive, needs_stack=True)
    for verb in (listing, importer, archiver):
        verb.add_argument("--site", required=True, metavar="ID", help="site id")
    for verb in (importer, archiver):
        verb.add_argument(
            "--recompute-days", default=str(DAYS), metavar="N", help=f"days counted anew ({DAYS}; 0: none)"
        )


def _list(options: argparse.Namespace) -> bool:
    show({"campaigns": [plain(campaign) for campaign in store.campaigns_of(site_of(options.site).site_id)]})
    return True


def _import(options: argparse.Namespace) -> bool:
    site, now, back = site_of(options.site), clock.utc_now(), checked_days(options.recompute_days, "--recompute-days")
    report = campaign_import.import_table(site, read_file(options.file, "FILE"), now)
    return show_import(report | {"recomputed": recompute([site], back if report["landed"] else 0, now)})


def _archive(options: argparse.Namespace) -> bool:
    site, now, back = site_of(options.site), clock.utc_now(), checked_days(options.recompute_days, "--recompute-days")
    campaign = store.campaign(site.site_id, options.campaign)
    if campaign is None:
        raise NotFound(f"There is no campaign {options.campaign}.")
    changed = change(site, campaign, {"archived": True}, now)
    show(plain(changed) | {"recomputed": recompute([site], back, now)})
    return True
