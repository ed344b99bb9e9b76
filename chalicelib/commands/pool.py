"""`pool health`: how a pool is used, how accurate it is, how many numbers it needs."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.commands.output import show
from chalicelib.commands.sites import site_of
from chalicelib.errors import NotFound
from chalicelib.pool import health
from chalicelib.registry import store

PRICES = {
    "number_price": "of a number a month",
    "minute_price": "of a minute of calls",
    "service_price": "of the service a month",
}


def add(commands: Any) -> None:
    """Declare the command."""
    parent = commands.add_parser("pool", help="judge a pool by its census")
    command = parent.add_subparsers(required=True, metavar="health").add_parser(
        "health",
        help="use, accuracy, numbers needed",
        description="Tells how a pool was used, how accurate it was, how many numbers it needs by three rules, and "
        "what one number more or less would change; in money where prices are given.",
    )
    command.add_argument("--site", required=True, metavar="ID", help="site id")
    command.add_argument("--pool", required=True, metavar="ID", help="pool id")
    command.add_argument("--days", metavar="N", help=f"how many days back, at most {health.MOST_DAYS} ({health.DAYS})")
    text = f"share of visits that may see the overflow number ({health.OVERFLOW_PERCENT})"
    command.add_argument("--overflow-percent", metavar="PERCENT", help=text)
    for name, of_what in PRICES.items():
        command.add_argument(f"--{name.replace('_', '-')}", metavar="AMOUNT", help=f"price {of_what}")
    command.add_argument("--minutes", metavar="N", help="minutes of calls a month")
    command.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    site = site_of(options.site)
    pool = store.pool(site.site_id, options.pool)
    if pool is None:
        raise NotFound(f"There is no pool {options.pool} of this site.")
    told: dict[str, str | None] = vars(options)
    show(health.pool_health(site, pool, told.get, clock.utc_now()))
    return True
