"""Spend and deals as the files people export, each in its own dialect. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from infra.demo.events import ZONE, Deal, Spend, Step

BROKEN_LINE = 2  # of the deals' file: its amount is a word
DEALS_HEADING = (
    "external_id",
    "phone",
    "outcome_at",
    "status",
    "amount",
    "gross_profit",
    "currency",
    "manager",
    "self_reported",
)


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
    """Write the service's own columns, UTF-8 and commas."""
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
    """Write a CRM's export with a byte order mark; one line of it is broken, as one always is."""
    lines: list[tuple[str, ...]] = [_deal_line(deal, deal.steps[0]) for deal in deals]
    broken = ("H-broken", "+7 916 000-00-00", "01.11.2026 12:00", "won", "много", "", "RUB", "", "")
    lines.insert(BROKEN_LINE - 2, broken)  # the heading is line 1
    return b"\xef\xbb\xbf" + _table(DEALS_HEADING, lines, ";").encode()


def corrections_csv(deals: Sequence[Deal]) -> bytes:
    """Write the same cards as they are after their correction."""
    return _table(DEALS_HEADING, [_deal_line(deal, deal.last) for deal in deals], ";").encode()


def _deal_line(deal: Deal, step: Step) -> tuple[str, ...]:
    phone = deal.person.phone
    written = f"8 ({phone[2:5]}) {phone[5:8]}-{phone[8:10]}-{phone[10:]}"
    amounts = (_comma(amount) if amount is not None else "" for amount in (step.amount, step.gross_profit))
    said = deal.answer.words if deal.answer else ""
    at = f"{step.at.astimezone(ZONE):%d.%m.%Y %H:%M}"
    return (deal.key, written, at, step.status, *amounts, "RUB", "Петров П.", said)


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")


def _table(heading: Sequence[str], lines: Iterable[Sequence[object]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(lines)
    return text.getvalue()
