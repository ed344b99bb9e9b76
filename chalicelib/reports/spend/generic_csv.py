"""Spend as a table anybody can write: one row a day and advertisement (docs/plain-files.md lists the columns)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from chalicelib.calls.self_reported_words import NOT_ADVERTISED, self_reported_channel_named
from chalicelib.core.csv_table import read_rows, require
from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_currency, parse_decimal
from chalicelib.reports.spend.row import Read, SpendRow, text_of

HEADINGS = {
    "day": "date",
    "дата": "date",
    "день": "date",
    "utm_source": "source",
    "источник": "source",
    "utm_medium": "medium",
    "тип трафика": "medium",
    "канал": "channel",
    "utm_campaign": "campaign_id",
    "№ кампании": "campaign_id",
    "id кампании": "campaign_id",
    "campaign name": "campaign_name",
    "кампания": "campaign",
    "название кампании": "campaign_name",
    "creative": "ad_id",
    "utm_content": "ad_id",
    "№ объявления": "ad_id",
    "объявление": "ad_id",
    "utm_term": "keyword",
    "ключевая фраза": "keyword",
    "ключевое слово": "keyword",
    "условие показа": "keyword",
    "валюта": "currency",
    "spend": "cost",
    "amount": "cost",
    "расход": "cost",
    "расходы": "cost",
    "сумма": "cost",
    "клики": "clicks",
    "показы": "impressions",
}
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def read(raw: bytes, currency: str) -> Read:
    """Return the rows of a file; `currency` is the site's, for rows that name none and to refuse any other.

    Raises BadInput for a file that is no table.
    """
    for line, cells in read_rows(raw, HEADINGS):
        try:
            yield line, spend_row(cells, currency)
        except BadInput as problem:
            yield line, problem


def spend_row(cells: Mapping[str, str], site_currency: str) -> SpendRow:
    """One row from its cells. Raises BadInput naming the cell."""
    require(cells, "date", "cost")
    currency = parse_currency(cells["currency"]) if cells.get("currency") else site_currency
    if currency != site_currency:
        raise BadInput("currency", f"is {currency}, but the site reports in {site_currency}")
    row = SpendRow(
        day=parse_day(cells["date"], field="date"),
        source=text_of(cells, "source").lower(),
        medium=text_of(cells, "medium").lower(),
        channel=_channel(text_of(cells, "channel")),
        campaign_id=text_of(cells, "campaign_id") or text_of(cells, "campaign"),
        campaign_name=text_of(cells, "campaign_name") or text_of(cells, "campaign"),
        ad_id=text_of(cells, "ad_id"),
        keyword=text_of(cells, "keyword"),
        currency=currency,
        cost=_cost(cells["cost"]),
        clicks=_whole(cells, "clicks"),
        impressions=_whole(cells, "impressions"),
    )
    if not (row.source or row.channel or row.campaign):
        raise BadInput("source", "nothing says what the money was spent on: give source, channel or campaign")
    return row


def _channel(text: str) -> str:
    """Return the channel as written; money is never spent on channels that only callers report."""
    if self_reported_channel_named(text) in NOT_ADVERTISED:
        raise BadInput("channel", "is what callers say of themselves: no advertising has it")
    return text


def parse_day(text: str, *, field: str) -> date:
    """`2026-11-01`, or `01.11.2026` as Russian exports write it. Raises BadInput."""
    dotted = _DOTTED.fullmatch(text.strip())
    try:
        if dotted:
            day, month, year = map(int, dotted.groups())
            return date(year, month, day)
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise BadInput(field, "not a date like 2026-11-01 or 01.11.2026") from None


def _cost(text: str) -> Decimal:
    cost = parse_decimal(text, field="cost")
    if cost != cost.quantize(Decimal("0.01")):
        raise BadInput("cost", "has more than two decimals")
    return cost.quantize(Decimal("0.01"))


def _whole(cells: Mapping[str, str], field: str) -> int | None:
    if not cells.get(field):
        return None
    number = parse_decimal(cells[field], field=field)
    if number != number.to_integral_value() or number < 0:
        raise BadInput(field, "not a whole number")
    return int(number)
