"""`replay`: count a past period again under other settings, and print only what would differ."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

import msgspec

from chalicelib.attribution.models import model_of
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import show
from chalicelib.core import clock
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.registry import store
from chalicelib.registry.types import RepeatRule, Site

MOST_DAYS = 400


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "replay",
        help="count a past period again under other settings",
        description="Counts a period twice, as the site is set and as the options say, and prints what differs: calls, "
        "figures by channel and campaign, the ranking of campaigns by their return. With --pool: what another hold or "
        "number of numbers would have done to its overflow. Nothing is changed, published reports stay what they are.",
    )
    command.add_argument("--site", required=True, metavar="ID", help="site id")
    command.add_argument("--from", dest="first", required=True, metavar="DAY", help="first day, e.g. 2026-11-01")
    command.add_argument("--to", dest="last", required=True, metavar="DAY", help="last day")
    command.add_argument("--model", metavar="SPEC", help="another attribution model")
    command.add_argument("--lookback-days", type=int, metavar="N", help="touches older than that do not count")
    rules = [str(rule) for rule in RepeatRule]
    command.add_argument("--repeat-rule", choices=rules, help="which source counts for somebody who called before")
    command.add_argument("--pool", metavar="ID", help="the pool that --hold and --numbers are of")
    command.add_argument("--hold", type=int, metavar="SECONDS", help="another hold")
    command.add_argument("--numbers", type=int, metavar="N", help="so many dynamic numbers")
    command.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    from chalicelib.reports.what_if.replay import WhatIf, replay, replay_pool

    site, (first, last) = site_of(options.site), _period(options)
    what_if = WhatIf(
        model_of(options.model, "--model").spec if options.model else None,
        _positive(options.lookback_days, "--lookback-days"),
        RepeatRule(options.repeat_rule) if options.repeat_rule else None,
        _positive(options.hold, "--hold"),
        _positive(options.numbers, "--numbers"),
    )
    of_calls, of_pool = what_if.of_site(site) != site, what_if.hold_seconds or what_if.numbers
    if of_pool and not options.pool:
        raise BadInput("--pool", "says which pool --hold and --numbers are of")
    if not of_calls and not of_pool:
        raise BadInput("--model", "nothing is set otherwise: give a model, look-back, repeat rule, hold or numbers")
    answer: dict[str, Any] = {"site": site.site_id, "from": first, "to": last}
    if of_calls:
        answer |= msgspec.to_builtins(replay(site, first, last, what_if, clock.utc_now()))
    if of_pool:
        found = replay_pool(site, _pool(site, options.pool), first, last, what_if)
        answer["pool"] = msgspec.to_builtins(found) if found else "The census counted nothing in this period."
    show(msgspec.to_builtins(answer))
    return True


def _period(options: argparse.Namespace) -> tuple[date, date]:
    first, last = (_day(text, argument) for text, argument in ((options.first, "--from"), (options.last, "--to")))
    if not 0 <= (last - first).days < MOST_DAYS:
        raise BadInput("--to", f"is before --from, or more than {MOST_DAYS} days later")
    return first, last


def _day(text: str, argument: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(argument, "not a date like 2026-11-01") from None


def _positive(value: int | None, argument: str) -> int | None:
    if value is not None and value < 1:
        raise BadInput(argument, "is less than 1")
    return value


def _pool(site: Site, pool_id: str) -> Any:
    pool = store.pool(site.site_id, pool_id)
    if pool is None:
        raise NotFound(f"There is no pool {pool_id} of this site.")
    return pool
