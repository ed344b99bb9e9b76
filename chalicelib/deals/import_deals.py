"""Import deals from a file: each good row is stored, each bad one reported with its line, field and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.calls import self_reported_words
from chalicelib.core.csv_table import read_rows, read_time, require
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.import_report import MAX_REJECTED
from chalicelib.core.money import parse_currency, parse_decimal
from chalicelib.core.phone import parse_phone
from chalicelib.deals import join_deals
from chalicelib.deals.crm.generic import checked_id, checked_quality, checked_visitor, text
from chalicelib.deals.types import Outcome, OutcomeStatus
from chalicelib.registry import snapshot
from chalicelib.registry.types import Site
from chalicelib.runtime import s3_imports

SOURCE = "csv"  # for uploads and drops alike: the same file gives the same deals either way

HEADINGS = {
    heading: field
    for field, headings in {
        "external_id": "external_id|id|deal_id|номер|номер сделки|id сделки|№|№ сделки|сделка",
        "call_id": "call_id|call|звонок|id звонка",
        "phone": "phone|телефон|номер телефона|телефон клиента|контактный телефон",
        "outcome_at": "outcome_at|date|datetime|closed_at|дата|дата и время|дата сделки|дата закрытия|дата создания",
        "status": "status|статус|стадия|этап|этап сделки",
        "amount": "amount|sum|revenue|сумма|сумма сделки|бюджет|выручка|стоимость",
        "gross_profit": "gross_profit|profit|прибыль|валовая прибыль|маржа",
        "currency": "currency|валюта",
        "promo_code": "promo_code|promo|промокод|промо-код",
        "manager": "manager|менеджер|ответственный",
        "quality": "quality|качество|оценка",
        "self_reported": "|".join(self_reported_words.HEADINGS),
        "visitor_id": "visitor_id|visitor|id посетителя|посетитель",
    }.items()
    for heading in headings.split("|")
}

STATUSES = {
    word: status
    for status, words in {
        OutcomeStatus.LEAD: "lead|new|лид|новый|новая|новая заявка|неразобранное|первичный контакт",
        OutcomeStatus.OPEN: "open|in progress|в работе|открыта|открыт|переговоры|согласование|в процессе",
        OutcomeStatus.WON: "won|success|closed won|выиграна|успешно|успешно реализовано|продажа|продано|оплачено|"
        "оплачен|сделка заключена|выполнен|завершена успешно",
        OutcomeStatus.LOST: "lost|closed lost|проиграна|отказ|закрыто и не реализовано|не реализовано|отменен|отменён|"
        "отменена|провал",
    }.items()
    for word in words.split("|")
}


def from_drop(message: dict[str, Any], now: datetime) -> None:
    """Import the files that an S3 notification names. Raises StorageUnavailable."""
    s3_imports.take(message, "deals", lambda site_id, _, raw: import_rows(site_id, SOURCE, raw, now))


def import_rows(site_id: str, source: str, raw: bytes, now: datetime) -> dict[str, Any]:
    """Import a table of deals → {"rows", "landed", "unchanged", "rejected": [{"line", "field", "reason"}]}.

    The pair (source, external_id) names a deal: importing the file again changes nothing. Raises NotFound for an
    unknown site, BadInput for a file that is no table, StorageUnavailable.
    """
    site = snapshot.site_by_id(site_id, now)
    if site is None:
        raise NotFound("No such site.")
    rejected: list[dict[str, Any]] = []
    rows = landed = 0
    for line, row in read_rows(raw, HEADINGS):
        rows += 1
        try:
            landed += join_deals.record_outcome(site, read_outcome(row, site, source))
        except BadInput as error:
            rejected.append({"line": line, "field": error.field, "reason": error.reason})
    unchanged = rows - landed - len(rejected)
    report = {"rows": rows, "landed": landed, "unchanged": unchanged, "rejected": rejected[:MAX_REJECTED]}
    return report | ({"rejected_count": len(rejected)} if len(rejected) > MAX_REJECTED else {})


def read_outcome(row: Mapping[str, str], site: Site, source: str) -> Outcome:
    """Parse one row; times without an offset are in the site's time zone. Raises BadInput naming the field."""
    require(row, "external_id", "outcome_at", "status")
    phone, amount, profit, currency, quality = (
        row.get(name) or None for name in ("phone", "amount", "gross_profit", "currency", "quality")
    )
    return Outcome(
        source=source,
        external_id=checked_id(row["external_id"]),
        outcome_at=read_time(row["outcome_at"], site.time_zone, field="outcome_at"),
        status=_status(row["status"]),
        call_id=row.get("call_id") or None,
        phone=parse_phone(phone, country=site.country).e164 if phone else None,
        amount=parse_decimal(amount, field="amount") if amount else None,
        gross_profit=parse_decimal(profit, field="gross_profit") if profit else None,
        currency=parse_currency(currency) if currency else None,
        promo_code=text(row.get("promo_code")),
        manager=text(row.get("manager")),
        quality=_quality(quality) if quality else None,
        self_reported=self_reported_words.parse(row.get("self_reported")),
        visitor_id=checked_visitor(row.get("visitor_id")),
    )


def _status(written: str) -> OutcomeStatus:
    status = STATUSES.get(" ".join(written.lower().split()))
    if status is None:
        raise BadInput("status", "is not lead, open, won or lost")
    return status


def _quality(mark: str) -> int | None:
    if not (mark.isascii() and mark.isdigit() and len(mark) == 1):
        raise BadInput("quality", "is not 1 to 5")
    return checked_quality(int(mark))
