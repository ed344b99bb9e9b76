"""Whose call it is, from leases."""

from __future__ import annotations

import pytest

from chalicelib.pool.lending.lease_group import Closed, Group, Slot, moment_of
from chalicelib.pool.lending.lease_history import Certainty, Lease, holding, leases_of, recent

ANNA, BORIS = b"a" * 12, b"b" * 12
LEASES = [Lease(ANNA, 1000, 1360), Lease(BORIS, 1500, 1860)]
GRACE = 1800


@pytest.mark.parametrize(
    ("at", "certainty", "visitor"),
    [
        (997, Certainty.UNKNOWN, None),
        (999.9, Certainty.UNKNOWN, None),
        (1000, Certainty.LIVE, ANNA),
        (1200, Certainty.LIVE, ANNA),
        (1362, Certainty.LIVE, ANNA),
        (1363, Certainty.GRACE, ANNA),
        (1497, Certainty.GRACE, ANNA),
        (1499, Certainty.GRACE, ANNA),
        (1500, Certainty.PREVIOUS, ANNA),
        (1503.9, Certainty.PREVIOUS, ANNA),
        (1504, Certainty.LIVE, BORIS),
        (1860 + GRACE, Certainty.GRACE, BORIS),
        (1861 + GRACE, Certainty.UNKNOWN, None),
    ],
)
def test_the_moment_decides(at: float, certainty: Certainty, visitor: bytes | None) -> None:
    found = holding(LEASES, at, GRACE)
    assert (found.certainty, found.visitor) == (certainty, visitor.hex() if visitor else None)
    assert found.why.endswith(".")


def test_nobody_dials_in_four_seconds_unless_the_one_before_left_long_ago() -> None:
    assert holding(LEASES, 1502, grace=100).visitor == BORIS.hex()


def test_a_number_never_lent_has_no_holder() -> None:
    assert holding([], 1000, GRACE).certainty is Certainty.UNKNOWN


def test_the_explanation_gives_the_times_in_utc() -> None:
    assert holding(LEASES, 1200, GRACE).why == "The lease ran from 00:16:40 to 00:22:40 UTC."


def test_a_later_image_knows_better_how_a_lease_ended() -> None:
    free = Slot(None, 0, 0)
    early = Group((Slot(ANNA, 1000, 1360), free), (), 0)
    late = Group((Slot(BORIS, 1500, 1860), free), (Closed(0, ANNA, 1000, 1400), Closed(1, None, 0, 0)), 1)
    assert leases_of(0, [late, early]) == [Lease(ANNA, 1000, 1400), Lease(BORIS, 1500, 1860)]
    assert leases_of(1, [late, early]) == []


def test_the_latest_state_has_the_end_of_a_lease_that_is_still_in_its_slot_whichever_key_it_has() -> None:
    early, late = Group((Slot(ANNA, 1000, 1360),), (Closed(0, None, 0, 0),)), Group((Slot(ANNA, 1000, 1400),), (), 7)
    for states in ([late, early], [early, late]):
        assert leases_of(0, states) == [Lease(ANNA, 1000, 1400)]


def test_a_visitor_who_returns_is_not_their_own_predecessor() -> None:
    found = holding([Lease(ANNA, 1000, 1360), Lease(ANNA, 1500, 1860)], 1501, GRACE)
    assert (found.certainty, found.leased_at) == (Certainty.LIVE, moment_of(1500))


def test_between_two_leases_of_one_visitor_there_is_none() -> None:
    leases = [Lease(ANNA, 1000, 1360), Lease(ANNA, 9000, 9360)]
    assert holding(leases, 5000, GRACE).certainty is Certainty.UNKNOWN
    assert recent(leases, 5000, GRACE) == ()
