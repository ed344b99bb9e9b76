"""Spend and deals as the files people export, each in its own dialect. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from infra.demo.events import ZONE, Deal, Spend

BROKEN_LINE = 4  # of the deals' file: its amount is a word


def yandex_csv(rows: Iterable[Spend]) -> bytes:
    """Windows-1251, semicolons, Russian headings, decimal commas and dotted dates."""
    heading = ("Дата", "Источник", "Тип трафика", "№ Кампании", "Кампания", "Условие показа", "Клики", "Расход")
    lines = (
        (
            f"{row.day:%d.%m.%Y}",
            row.source,
            row.medium,
            row.campaign,
            row.campaign_name,
            row.keyword,
            row.clicks,
            _comma(row.cost),
        )
        for row in rows
    )
    return _table(heading, lines, ";").encode("cp1251")


def plain_csv(rows: Iterable[Spend]) -> bytes:
    """The service's own columns, UTF-8 and commas."""
    heading = (
        "date",
        "source",
        "medium",
        "channel",
        "campaign_id",
        "campaign_name",
        "keyword",
        "currency",
        "cost",
        "clicks",
    )
    lines = (
        (
            row.day.isoformat(),
            row.source,
            row.medium,
            row.channel,
            row.campaign,
            row.campaign_name,
            row.keyword,
            "RUB",
            str(row.cost),
            row.clicks,
        )
        for row in rows
    )
    return _table(heading, lines, ",").encode()


def deals_csv(deals: Sequence[Deal]) -> bytes:
    """A CRM's export with a byte order mark; one line of it is broken, as one always is."""
    heading = ("external_id", "phone", "outcome_at", "status", "amount", "gross_profit", "currency", "manager")
    lines: list[tuple[str, ...]] = [_deal_line(deal) for deal in deals]
    broken = ("H-broken", "+7 916 000-00-00", "01.11.2026 12:00", "won", "много", "", "RUB", "")
    lines.insert(BROKEN_LINE - 2, broken)  # the heading is line 1
    return b"\xef\xbb\xbf" + _table(heading, lines, ";").encode()


def _deal_line(deal: Deal) -> tuple[str, ...]:
    last, phone = deal.last, deal.person.phone
    written = f"8 ({phone[2:5]}) {phone[5:8]}-{phone[8:10]}-{phone[10:]}"
    amounts = (_comma(amount) if amount is not None else "" for amount in (last.amount, last.gross_profit))
    return (deal.key, written, f"{last.at.astimezone(ZONE):%d.%m.%Y %H:%M}", last.status, *amounts, "RUB", "Петров П.")


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")


def _table(heading: Sequence[str], lines: Iterable[Sequence[object]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(lines)
    return text.getvalue()
