"""Whose call it is, from leases."""

from __future__ import annotations

import pytest

from chalicelib.pool.group import Closed, Group, Slot
from chalicelib.pool.history import Certainty, Lease, holding, leases_of

ANNA, BORIS = b"a" * 12, b"b" * 12
LEASES = [Lease(ANNA, 1000, 1360), Lease(BORIS, 1500, 1860)]
GRACE = 1800


@pytest.mark.parametrize(
    ("at", "certainty", "visitor"),
    [
        (997, Certainty.UNKNOWN, None),
        (998, Certainty.LIVE, ANNA),
        (1200, Certainty.LIVE, ANNA),
        (1362, Certainty.LIVE, ANNA),
        (1363, Certainty.GRACE, ANNA),
        (1497, Certainty.GRACE, ANNA),
        (1498, Certainty.PREVIOUS, ANNA),
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


def test_the_explanation_tells_the_times_in_utc() -> None:
    assert holding(LEASES, 1200, GRACE).why == "The lease ran from 00:16:40 to 00:22:40 UTC."


def test_a_later_image_knows_better_how_a_lease_ended() -> None:
    free = Slot(None, 0, 0)
    early = Group((Slot(ANNA, 1000, 1360), free), (), 0)
    late = Group((Slot(BORIS, 1500, 1860), free), (Closed(0, ANNA, 1000, 1400), Closed(1, None, 0, 0)), 1)
    assert leases_of(0, [early, late]) == [Lease(ANNA, 1000, 1400), Lease(BORIS, 1500, 1860)]
    assert leases_of(1, [early, late]) == []
