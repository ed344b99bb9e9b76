"""`pool health`: how a pool is used, how many numbers it needs. `pool answering`: how its calls are put through."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api.pools import PoolChange, change_pool
from chalicelib.api.requests import plain
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import show
from chalicelib.cli.endpoint import add_answering, answering_of
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.core.json_body import decode
from chalicelib.pool.statistics import pool_health
from chalicelib.registry import store
from chalicelib.registry.types import Pool
from chalicelib.runtime.http import to_json

PRICES = {
    "number_price": "of a number a month",
    "minute_price": "of a minute of calls",
    "service_price": "of the service a month",
}


def add(commands: Any) -> None:
    """Declare the command."""
    parent = commands.add_parser("pool", help="judge a pool by its census; say how its calls are put through")
    parts = parent.add_subparsers(required=True, metavar="health|answering")
    _add_answering(parts)
    command = parts.add_parser(
        "health",
        help="use, accuracy, numbers needed",
        description="Shows how a pool was used, how accurate it was, how many numbers it needs by three rules, and "
        "what one number more or less would change; in money where prices are given.",
    )
    command.add_argument("--site", required=True, metavar="ID", help="site id")
    command.add_argument("--pool", required=True, metavar="ID", help="pool id")
    command.add_argument(
        "--days", metavar="N", help=f"how many days back, at most {pool_health.MOST_DAYS} ({pool_health.DAYS})"
    )
    text = f"share of visits that may see the overflow number ({pool_health.OVERFLOW_PERCENT})"
    command.add_argument("--overflow-percent", metavar="PERCENT", help=text)
    for name, of_what in PRICES.items():
        command.add_argument(f"--{name.replace('_', '-')}", metavar="AMOUNT", help=f"price {of_what}")
    command.add_argument("--minutes", metavar="N", help="minutes of calls a month")
    command.set_defaults(run=_run, needs_stack=True)


def _add_answering(parts: Any) -> None:
    command = parts.add_parser(
        "answering",
        help="ringing, shown number, announcement, whisper",
        description="Sets how the pool's calls are put through, as far as their carrier can. What is not given is the "
        "default; with nothing given, the pool's calls are put through as their endpoint says.",
    )
    command.add_argument("--site", required=True, metavar="ID", help="site id")
    command.add_argument("--pool", required=True, metavar="ID", help="pool id")
    add_answering(command)
    command.set_defaults(run=_set_answering, needs_stack=True)


def _set_answering(options: argparse.Namespace) -> bool:
    site, given = site_of(options.site), answering_of(options)
    change = decode(to_json({"answering": given or None}).encode(), PoolChange)
    show(plain(change_pool(site, _pool_of(options), {"answering": change.answering}, clock.utc_now())))
    return True


def _pool_of(options: argparse.Namespace) -> Pool:
    pool = store.pool(options.site, options.pool)
    if pool is None:
        raise NotFound(f"There is no pool {options.pool} of this site.")
    return pool


def _run(options: argparse.Namespace) -> bool:
    site = site_of(options.site)
    pool = _pool_of(options)
    arguments: dict[str, str | None] = vars(options)
    show(pool_health.pool_health(site, pool, arguments.get, clock.utc_now()))
    return True
