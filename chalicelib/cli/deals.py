"""`deal`: why a deal comes from where it does; taken apart, or joined by hand."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import show
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal, Decision
from chalicelib.registry.types import Site


def add(commands: Any) -> None:
    """Declare the command with its three actions."""
    deal = commands.add_parser(
        "deal",
        help="show what a deal comes from; take it apart or join it by hand",
        description="Shows which call or contact a deal comes from and why, and what else it might have come from. "
        "What is decided by hand stays, also when the CRM reports it again.",
    )
    actions = deal.add_subparsers(title="actions", required=True, metavar="ACTION")
    shown = actions.add_parser("show", help="show what the deal comes from, and why")
    apart = actions.add_parser("unjoin", help="let it come from nothing that is known")
    joined = actions.add_parser("join", help="join it to a call or contact, or by the rules again")
    for action, run in ((shown, _show), (apart, _unjoin), (joined, _join)):
        action.add_argument("source", metavar="SOURCE", help="who reported the deal, e.g. generic or csv")
        action.add_argument("deal", metavar="DEAL", help="its id there")
        action.add_argument("--site", required=True, metavar="ID", help="site id")
        action.set_defaults(run=run, needs_stack=True)
    to = joined.add_mutually_exclusive_group(required=True)
    to.add_argument("--call", metavar="CALL", help="call id, as the call list shows it")
    to.add_argument("--contact", metavar="CONTACT", help="contact id, as `deal show` names it")
    to.add_argument("--by-rules", action="store_true", help="what was decided by hand is forgotten")


def _show(options: argparse.Namespace) -> bool:
    site = site_of(options.site)
    return _shown(site, _deal(site, options))


def _unjoin(options: argparse.Namespace) -> bool:
    return _decided(options, Decision(clock.utc_now()))


def _join(options: argparse.Namespace) -> bool:
    by_hand = Decision(clock.utc_now(), options.call, options.contact)
    return _decided(options, None if options.by_rules else by_hand)


def _decided(options: argparse.Namespace, decision: Decision | None) -> bool:
    from chalicelib.deals import join_deals

    site = site_of(options.site)
    return _shown(site, join_deals.decide(site, _deal(site, options), decision))


def _shown(site: Site, deal: Deal) -> bool:
    from chalicelib.api.deals import explained

    show(explained(site, deal))
    return True


def _deal(site: Site, options: argparse.Namespace) -> Deal:

    found = deals_table.deal(site.site_id, options.source, options.deal)
    if found is None:
        raise NotFound("No such deal of this site.")
    return found
