"""`channel-rules show|set|test`: how an account maps links and referrers to channels."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api.channel_rules import NewRules, replace_rules, rules_in, shown, tried
from chalicelib.api.recompute_days import DAYS, checked_days
from chalicelib.api.rulebooks import read_rulebook
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show
from chalicelib.core import clock
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.registry.types import ChannelRule
from chalicelib.runtime import stack_settings


def add(commands: Any) -> None:
    """Declare the commands."""
    parent = commands.add_parser("channel-rules", help="show, set or try the rules that name channels")
    verbs = parent.add_subparsers(required=True, metavar="show|set|test")
    showing = verbs.add_parser("show", help="print an account's rules")
    showing.add_argument("--account", required=True, metavar="ID", help="account id")
    showing.set_defaults(run=_show, needs_stack=True)
    setting = verbs.add_parser("set", help="replace an account's rules by a file's")
    setting.add_argument(
        "file", metavar="FILE", help='JSON: {"rules": […]} as docs/campaigns.md shows, or the list alone'
    )
    setting.add_argument("--account", required=True, metavar="ID", help="account id")
    setting.add_argument(
        "--recompute-days", default=str(DAYS), metavar="N", help=f"days counted anew ({DAYS}; 0: none)"
    )
    setting.set_defaults(run=_set, needs_stack=True)
    trying = verbs.add_parser(
        "test",
        help="try a link: which rule decides, and why",
        description="Without --account and --site no stack is needed: the built-in rules decide, after --file.",
    )
    trying.add_argument("url", metavar="URL", help="address of the page opened")
    trying.add_argument("--referrer", default="", metavar="URL", help="address of the page it was opened from")
    trying.add_argument("--account", metavar="ID", help="try the rules of this account")
    trying.add_argument("--site", metavar="ID", help="try the rules and campaigns of this site")
    trying.add_argument("--file", metavar="FILE", help="try the rules of this file in their place")
    trying.set_defaults(run=_test, needs_stack=False)


def rules_of_file(path: str) -> tuple[ChannelRule, ...]:
    """Read and check the rules of a file. Raises BadInput naming the part that is wrong."""
    return rules_in(_read(path).rules)


def _show(options: argparse.Namespace) -> bool:
    show(shown(options.account))
    return True


def _set(options: argparse.Namespace) -> bool:
    body = _read(options.file)
    back = checked_days(options.recompute_days, "--recompute-days")
    show(replace_rules(options.account, rules_in(body.rules), back, clock.utc_now(), over=body.version))
    return True


def _test(options: argparse.Namespace) -> bool:
    if (options.site or options.account) and not options.stack:
        stack_settings.require_settings()
    site = site_of(options.site) if options.site else None
    account_id = site.account_id if site else options.account
    rulebook = read_rulebook(site) if site else Rulebook(rules=store.rules_of(account_id).rules if account_id else ())
    if options.file:
        rulebook = Rulebook(rulebook.campaigns, rules_of_file(options.file), rulebook.time_zone)
    show(tried(rulebook, options.url, options.referrer, clock.utc_now(), site))
    return True


def _read(path: str) -> NewRules:
    raw = read_file(path, "FILE")
    return decode(b'{"rules":%s}' % raw if raw.lstrip()[:1] == b"[" else raw, NewRules)
