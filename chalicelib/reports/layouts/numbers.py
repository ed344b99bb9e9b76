"""Figures as people read them on a page."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.core.money import round_half_up
from chalicelib.reports.figures.formulas import Unit

THIN_SPACE = "\u202f"
MINUS = "\u2212"
SYMBOLS = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "KZT": "₸", "UAH": "₴", "GEL": "₾", "TRY": "₺", "INR": "₹"}


def shown(value: Decimal | None, unit: Unit) -> str:
    """One figure; empty where there is no value. Money from 100 up is shown in whole units, the files keep the rest."""
    if value is None:
        return ""
    if unit is Unit.MONEY:
        return grouped(round_half_up(value, 0 if abs(value) >= 100 or value == 0 else 2))
    if unit is Unit.SECONDS:
        minutes, seconds = divmod(int(round_half_up(value, 0)), 60)
        return f"{minutes}:{seconds:02d}"
    return grouped(value) if unit is Unit.COUNT else f"{value:f}".replace("-", MINUS)


def between(low: Decimal, high: Decimal) -> str:
    """`10–15`: the bounds of a count in whole numbers; empty where they are the same."""
    bounds = [grouped(round_half_up(bound, 0)) for bound in (low, high)]
    return "\u2013".join(bounds) if bounds[0] != bounds[1] else ""


def with_currency(value: Decimal | None, currency: str) -> str:
    """`118 000 ₽`; the currency's code where it has no symbol of its own."""
    return "" if value is None else f"{shown(value, Unit.MONEY)}\u00a0{SYMBOLS.get(currency, currency)}"


def grouped(value: Decimal) -> str:
    """Digits in groups of three: `118 000`."""
    return f"{value:,f}".replace(",", THIN_SPACE).replace("-", MINUS)
