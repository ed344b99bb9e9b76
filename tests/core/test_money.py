"""Amounts as people write them, and rounding as a ledger does it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_currency, parse_decimal, percent, ratio, round_half_up


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12 500,00", "12500.00"),
        ("12\u00a0500,5", "12500.5"),
        ("2,520.00", "2520.00"),
        ("1.234.567,89", "1234567.89"),
        ("1,234,567", "1234567"),
        ("9210.75", "9210.75"),
        ("-3", "-3"),
        ("0", "0"),
        ("1'000.50", "1000.50"),
    ],
)
def test_amounts_are_read_as_spreadsheets_write_them(text: str, amount: str) -> None:
    assert parse_decimal(text, field="cost") == Decimal(amount)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1e30", "12..5x", "--"])
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_decimal(text, field="cost")
    assert caught.value.field == "cost"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_survives_every_way_of_writing_it(amount: Decimal) -> None:
    for written in (f"{amount}", f"{amount:,}", f"{amount:,}".replace(",", " ").replace(".", ",")):
        assert parse_decimal(written, field="cost") == amount


def test_halves_are_rounded_away_from_zero() -> None:
    assert [round_half_up(Decimal(text), 0) for text in ("0.5", "1.5", "2.5", "-0.5")] == [1, 2, 3, -1]


def test_a_share_of_nothing_has_no_value() -> None:
    assert ratio(1, 0) is None
    assert percent(1, 0) is None


def test_a_share_is_rounded_half_up() -> None:
    assert percent(36, 239, 1) == Decimal("15.1")
    assert percent(1, 8, 0) == Decimal(13)


def test_currencies_are_iso_codes() -> None:
    assert parse_currency(" rub ") == "RUB"
    for text in ("", "rubles", "Р", "12"):
        with pytest.raises(BadInput):
            parse_currency(text)
