"""The health of a pool over a period: how it is used, how accurate it is, how many numbers it needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_decimal
from chalicelib.pool.lending import census_table
from chalicelib.pool.statistics.health_rules import Money, health
from chalicelib.pool.statistics.sizing import Prices
from chalicelib.registry.types import Pool, Site

DAYS, MOST_DAYS = 14, 31
OVERFLOW_PERCENT = "1"
PRICES = ("number_price", "minute_price", "service_price", "minutes")

Argument = Callable[[str], str | None]


def pool_health(site: Site, pool: Pool, argument: Argument, now: datetime) -> dict[str, Any]:
    """Judge the pool by its census.

    `argument` gives the request's arguments as text, by name: `days` (14), `overflow_percent` (1), `number_price`,
    `minute_price`, `service_price` and `minutes`, of a month and in the site's currency. Without any price there is no
    money in the answer. Raises BadInput naming the argument, StorageUnavailable.
    """
    days, overflow, money = _days(argument), _overflow(argument), _money(argument)
    until = now.replace(second=0, microsecond=0)
    since = until - timedelta(days=days)
    minutes = census_table.minutes(pool.pool_id, since, until)
    found = health(minutes, site.zone, overflow / 100, money)
    asked = {"pool_id": pool.pool_id, "from": since, "to": until, "target_overflow_percent": overflow}
    answer: dict[str, Any] = msgspec.to_builtins(asked) | msgspec.to_builtins(found)
    return answer | {"hold": pool.hold, "hold_seconds": pool.hold_seconds, "currency": money and site.currency}


def _days(argument: Argument) -> int:
    text = argument("days") or str(DAYS)
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= MOST_DAYS:
        raise BadInput("days", f"not a number from 1 to {MOST_DAYS}")
    return int(text)


def _overflow(argument: Argument) -> Decimal:
    overflow = parse_decimal(argument("overflow_percent") or OVERFLOW_PERCENT, field="overflow_percent")
    if not 0 < overflow < 100:
        raise BadInput("overflow_percent", "not between 0 and 100")
    return overflow


def _money(argument: Argument) -> Money | None:
    given = {name: text for name in PRICES if (text := argument(name)) is not None}
    if not given:
        return None
    values = {name: parse_decimal(given.get(name, "0"), field=name) for name in PRICES}
    for name, value in values.items():
        if value < 0:
            raise BadInput(name, "is negative")
    return Money(Prices(values["number_price"], values["minute_price"], values["service_price"]), values["minutes"])
