"""The promo code itself: what it refuses, how it may be spelled, how long it must be."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.visits import promo_code

KEY = b"k" * 32
LENGTHS = range(promo_code.SHORTEST, promo_code.LONGEST + 1)
codes = st.builds(lambda length, name: promo_code.make(length, KEY, name), st.sampled_from(LENGTHS), st.text())
DIGITS = "0123456789"


def replaced(code: str, place: int, digits: str) -> str:
    return code[:place] + digits + code[place + len(digits) :]


@given(codes)
def test_a_code_is_read_as_it_was_made(code: str) -> None:
    assert promo_code.is_code(code)
    assert promo_code.read(code) == promo_code.read(promo_code.spoken(code)) == code
    assert code[0] != "0"


@given(codes)
def test_every_single_wrong_digit_is_refused(code: str) -> None:
    for place in range(len(code)):
        for digit in DIGITS.replace(code[place], ""):
            assert promo_code.read(replaced(code, place, digit)) is None


@given(codes)
def test_every_two_neighbours_exchanged_are_refused(code: str) -> None:
    for place in range(len(code) - 1):
        left, right = code[place], code[place + 1]
        if left != right:
            assert promo_code.read(replaced(code, place, right + left)) is None


@given(codes)
def test_a_teen_heard_as_a_ten_and_a_ten_as_a_teen_are_refused(code: str) -> None:
    """Thirteen and thirty, двенадцать and двадцать: 1x and x0."""
    for place in range(len(code) - 1):
        left, right = code[place], code[place + 1]
        if left == "1" and right not in "01":
            assert promo_code.read(replaced(code, place, right + "0")) is None
        if right == "0" and left not in "01":
            assert promo_code.read(replaced(code, place, "1" + left)) is None


@pytest.mark.parametrize(
    "spelled",
    [
        "{0} {1}",
        "  {0}-{1}\n",
        "{0}\u2013{1}",
        "{0}\u00a0{1}",
        "№ {0}.{1}",
        "промокод: {0} ({1})",
        "Code {0}{1}, thanks",
        "#{0}{1}#",
        "1*{0}{1}#",
        "{0}-{1} от 12.03.2026, 10 %",
        "{0}{1} / {0} {1}",
    ],
)
@given(codes)
def test_it_may_be_spelled_in_any_way(spelled: str, code: str) -> None:
    assert promo_code.read(spelled.format(code[:3], code[3:])) == code


@given(codes)
def test_other_digits_are_digits(code: str) -> None:
    for zero in ("０", "٠", "०", "𝟎"):
        # full-width, Arabic, Devanagari and bold
        assert promo_code.read("".join(chr(ord(zero) + int(digit)) for digit in code)) == code


@pytest.mark.parametrize("text", ["", "1", "*", "скажу потом", "+7 495 123-45-67", "12.03.2026", "000000", "0" * 7])
def test_what_is_no_code_is_none(text: str) -> None:
    assert promo_code.read(text) is None


@given(codes, codes)
def test_of_two_codes_none_is_chosen(one: str, other: str) -> None:
    assume(one != other)
    assert promo_code.read(f"{one}, {other}") is None


def test_a_code_is_the_same_every_time_and_another_one_for_any_other_name_or_key() -> None:
    names = [("s1", "v", "u"), ("s1", "v", "w"), ("s1", "x", "u"), ("s2", "v", "u"), ("s1", "vu", "")]
    made = [promo_code.make(9, KEY, *name) for name in names]
    assert len({*made, promo_code.make(9, b"other", *names[0])}) == 6
    assert made[0] == promo_code.make(9, KEY, *names[0])


@pytest.mark.parametrize(
    ("live", "length"), [(0, 7), (10_000, 7), (10_001, 8), (100_000, 8), (1_000_000, 9), (10**9, 9)]
)
def test_codes_grow_with_how_many_live(live: int, length: int) -> None:
    assert promo_code.digits_for(live) == length


def test_a_slip_of_several_digits_hits_a_live_code_as_rarely_as_the_documentation_says() -> None:
    """10,000 live codes of seven digits: one in a thousand of any seven digits is a live code."""
    rng = random.Random(7)
    live = {promo_code.make(7, KEY, str(number)) for number in range(10_000)}
    slips = ["".join(rng.choices(DIGITS, k=7)) for _ in range(100_000)]
    passed = sum(promo_code.is_code(slip) for slip in slips) / len(slips)
    hit = sum(promo_code.read(slip) in live for slip in slips) / len(slips)
    assert 0.08 < passed < 0.1
    assert 0.0007 < hit < 0.0013
