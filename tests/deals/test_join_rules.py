"""Which of a caller's calls a deal belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls.calls_table import CallRef
from chalicelib.deals.join_rules import ORDER, Origin, Tie, call_of_caller, origin_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def calls(*minutes: int) -> list[CallRef]:
    return [CallRef(str(minute), NOON + timedelta(minutes=minute), "k") for minute in minutes]


@pytest.mark.parametrize(
    ("minutes", "joined"),
    [
        ((-90, -5, 3), "-5"),
        ((0,), "0"),
        ((3, 40), "3"),
        ((60,), "60"),
        ((61,), None),
        ((), None),
        ((-100_000,), "-100000"),
    ],
)
def test_the_latest_before_else_the_first_within_an_hour(minutes: tuple[int, ...], joined: str | None) -> None:
    found = call_of_caller(calls(*minutes), NOON)
    assert (found.call_id if found else None) == joined


@given(st.lists(st.integers(-500, 500), unique=True), st.randoms())
def test_the_order_of_the_calls_does_not_matter(minutes: list[int], dice: object) -> None:
    listed = calls(*minutes)
    dice.shuffle(shuffled := list(listed))  # type: ignore[attr-defined]
    assert call_of_caller(shuffled, NOON) == call_of_caller(listed, NOON)


def origin(tie: Tie, minutes: int, name: str = "x", call: bool = True) -> Origin:
    return Origin(
        tie, NOON + timedelta(minutes=minutes), "call" if call else "form",
        call_id=name if call else None, contact_id=None if call else name,
    )  # fmt: skip


BY_RANK = [tie for ties in ORDER for tie in ties]
ORIGINS = st.builds(origin, st.sampled_from(BY_RANK), st.integers(-500, 120), st.sampled_from("abc"), st.booleans())


def test_the_surest_tie_decides_and_the_latest_of_one_rank() -> None:
    phone, form = origin(Tie.PHONE, -5, "call"), origin(Tie.PHONE, -3, "form", call=False)
    assert origin_of([phone, form], NOON) == form
    visitor = origin(Tie.VISITOR_ID, -400, "visitor", call=False)
    promo = origin(Tie.PROMO_CODE, -300, "promo", call=False)
    assert origin_of([phone, form, promo], NOON) == promo
    assert origin_of([phone, form, promo, visitor], NOON) == visitor
    named = origin(Tie.CALL_ID, 5000, "named")
    assert origin_of([phone, form, promo, visitor, named], NOON) == named


def test_what_other_deals_know_is_of_one_rank_with_the_number() -> None:
    other, own = origin(Tie.DEAL, -5, "other"), origin(Tie.PHONE, -10, "own")
    assert origin_of([own, other], NOON) == other
    assert origin_of([origin(Tie.PHONE, -5, "other"), other], NOON) == origin(Tie.PHONE, -5, "other")


def test_a_surer_tie_that_is_too_late_leaves_it_to_the_next() -> None:
    late, phone = origin(Tie.VISITOR_ID, 61, call=False), origin(Tie.PHONE, -5)
    assert origin_of([late, phone], NOON) == phone
    assert origin_of([late], NOON) is None


@given(st.lists(ORIGINS), st.randoms(use_true_random=False))
def test_the_order_in_which_origins_become_known_does_not_matter(origins: list[Origin], dice: Random) -> None:
    shuffled = list(origins)
    dice.shuffle(shuffled)
    assert origin_of(shuffled, NOON) == origin_of(origins, NOON)
