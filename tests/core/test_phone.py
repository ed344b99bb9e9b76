"""Numbers of people and of businesses: parsed once, never shown whole by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import BadInput
from chalicelib.core.phone import PhoneNumber, parse_caller, parse_phone


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("8 916 000 00 02", "RU", "+79160000002"),
        ("+7 (916) 000-00-01", "RU", "+79160000001"),
        ("79160000001", "RU", "+79160000001"),
        ("(415) 555-0101", "US", "+14155550101"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("+442071838750", "RU", "+442071838750"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, country: str, expected: str) -> None:
    assert parse_phone(text, country=country).e164 == expected


@pytest.mark.parametrize("text", ["", "hello", "12", "+", "+0123456789", "9" * 40])
def test_what_is_no_number_is_refused_by_name_and_not_repeated(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_phone(text, country="RU", field="caller")
    assert caught.value.field == "caller"
    assert len(text) < 2 or text not in caught.value.message


@given(st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_no_way_of_printing_a_number_shows_it_whole(e164: str) -> None:
    number = PhoneNumber(e164)
    for printed in (str(number), repr(number), f"{number}", f"{number!r}", repr([number]), repr({"caller": number})):
        assert e164 not in printed
        assert e164[1:] not in printed


@pytest.mark.parametrize("text", [None, "", "anonymous", "Restricted", "sip:alice@example.com", "unknown"])
def test_a_withheld_caller_is_nobody(text: str | None) -> None:
    assert parse_caller(text, country="RU") is None


def test_carriers_leave_out_the_plus_sign() -> None:
    assert parse_caller("14155550101", country="RU") == PhoneNumber("+14155550101")
    assert parse_caller("89160000001", country="RU") == PhoneNumber("+79160000001")


def test_a_hash_depends_on_the_key_and_the_number() -> None:
    one, other = PhoneNumber("+79160000001"), PhoneNumber("+79160000002")
    assert one.keyed_hash(b"k") == one.keyed_hash(b"k")
    assert len({one.keyed_hash(b"k"), one.keyed_hash(b"l"), other.keyed_hash(b"k")}) == 3
