"""How long a lease is held, and what an ended lease tells of its visitor's stay. Pure. All in seconds."""

from __future__ import annotations

from chalicelib.pool.rules import RELEASE_GRACE

RENEW_BEFORE = 60  # before the end of a lease, or at its half where it is short
WORTH_CHANGING = 0.1  # of the present hold: smaller changes are not published


def renew_in(hold: int) -> int:
    """After how long a page that still shows the number renews its lease."""
    return max(hold - RENEW_BEFORE, hold // 2)


def stay_of(duration: int, hold: int) -> float:
    """How long the visitor of an ended lease of this duration stayed.

    A lease given back ends RELEASE_GRACE after he left. One that nobody gave back ends a hold after its last renewal;
    he left at some moment before the next renewal was due, and the middle of that time is the estimate. A lease
    shorter than the hold was certainly given back; a longer one counts as if it was not, which makes the estimate
    for long visits a little short rather than letting a long hold confirm itself.
    """
    if duration < hold:
        return max(duration - RELEASE_GRACE, 0)
    return duration - hold + renew_in(hold) / 2


def is_worth_changing(present: int, learned: int) -> bool:
    """Whether a learned hold differs enough from the present one to be published."""
    return abs(learned - present) > WORTH_CHANGING * present
