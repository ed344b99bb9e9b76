"""`answers show|set|test|note`: what customers say brought them, and how an account reads it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from chalicelib.api.recompute_days import DAYS, checked_days
from chalicelib.api.self_reported_rules import NewRules, replace_rules, rules_in, shown
from chalicelib.calls import self_reported_words
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show
from chalicelib.core import clock
from chalicelib.core.json_body import decode
from chalicelib.registry import store
from chalicelib.runtime import stack_settings


def add(commands: Any) -> None:
    """Declare the commands."""
    parent = commands.add_parser("answers", help="note what callers say brought them, and how it is read")
    verbs = parent.add_subparsers(required=True, metavar="show|set|test|note")
    showing = verbs.add_parser("show", help="print how an account reads answers")
    showing.add_argument("--account", required=True, metavar="ID", help="account id")
    showing.set_defaults(run=_show, needs_stack=True)
    setting = verbs.add_parser("set", help="replace an account's readings by a file's")
    setting.add_argument("file", metavar="FILE", help='JSON: {"rules": [{"channel", "phrases"}]}, or the list alone')
    setting.add_argument("--account", required=True, metavar="ID", help="account id")
    setting.add_argument(
        "--recompute-days", default=str(DAYS), metavar="N", help=f"days counted anew ({DAYS}; 0: none)"
    )
    setting.set_defaults(run=_set, needs_stack=True)
    trying = verbs.add_parser("test", help="try an answer: how it is kept, and what it is counted as")
    trying.add_argument("answer", metavar="ANSWER", help="what a customer says")
    trying.add_argument("--account", metavar="ID", help="by the readings of this account, too")
    trying.set_defaults(run=_test, needs_stack=False)
    noting = verbs.add_parser("note", help="note what a caller said with their call")
    noting.add_argument("call", metavar="CALL", help="call id")
    noting.add_argument("answer", metavar="ANSWER", help="what they said; - reads standard input; '' takes it away")
    noting.add_argument("--site", required=True, metavar="ID", help="site id")
    noting.set_defaults(run=_note, needs_stack=True)


def _show(options: argparse.Namespace) -> bool:
    show(shown(options.account))
    return True


def _set(options: argparse.Namespace) -> bool:
    raw = read_file(options.file, "FILE")
    body = decode(b'{"rules":%s}' % raw if raw.lstrip()[:1] == b"[" else raw, NewRules)
    back = checked_days(options.recompute_days, "--recompute-days")
    show(replace_rules(options.account, rules_in(body.rules), back, clock.utc_now(), over=body.version))
    return True


def _test(options: argparse.Namespace) -> bool:
    if options.account and not options.stack:
        stack_settings.require_settings()
    rules = store.self_reported_rules_of(options.account).rules if options.account else ()
    kept = self_reported_words.parse(options.answer)
    show({"answer": kept.answer, "channel": self_reported_words.shown(kept, rules)} if kept else None)
    return True


def _note(options: argparse.Namespace) -> bool:
    from chalicelib.api.calls import noted

    text = sys.stdin.readline() if options.answer == "-" else options.answer
    show(noted(site_of(options.site), options.call, text, clock.utc_now()))
    return True
