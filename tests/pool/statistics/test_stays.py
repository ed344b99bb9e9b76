"""What ended leases show of stays, and where a learned hold settles."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import mean

import pytest

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.lending.hold_time import renew_in
from chalicelib.pool.lending.rules import RELEASE_GRACE
from chalicelib.pool.statistics.stays import LEAST_STAYS, Stay, learned_hold, stay_of, time_on_site

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def duration(stay: float, hold: int, *, said: bool, begun: float = 0.5) -> int:
    """How long the lease of such a visit lasts, with renewals while it lasts and perhaps a release at its end."""
    end = stay // renew_in(hold) * renew_in(hold) + hold
    return math.ceil(begun + (stay + RELEASE_GRACE if said else end)) - math.floor(begun)


def minute(stays: Iterable[Stay]) -> Minute:
    """A minute in which leases ended that show these stays."""
    ended = list(stays)
    return Minute(
        AT,
        ended=len(ended),
        stay=sum(each.least for each in ended),
        lapsed=sum(1 for each in ended if each.doubt),
        renewals=sum(each.renewals for each in ended),
        doubt=sum(each.doubt for each in ended),
    )


@pytest.mark.parametrize(
    ("lasted", "expected"),
    [
        (95, Stay(5)),
        (89, Stay(0)),  # a clock behind the others
        (300, Stay(210)),
        (360, Stay(0, 0, 300)),
        (361, Stay(0, 0, 300)),  # a second of rounding
        (363, Stay(273)),
        (450, Stay(360)),  # given back at once after its renewal, or before the next
        (660, Stay(300, 1, 300)),
        (663, Stay(300, 1, 300)),  # the page renewed it a second late
        (665, Stay(575)),
    ],
)
def test_a_stay_is_known_where_the_number_was_given_back_and_lies_between_two_renewals_where_not(
    lasted: int, expected: Stay
) -> None:
    assert stay_of(lasted, 360) == expected


def test_half_of_those_who_stayed_until_the_renewal_stayed_until_the_next() -> None:
    """A mean of 1 / ln 2 intervals, one of them known: where stays end at a constant rate that is exact."""
    stays = [Stay(300 * renewals, renewals, 300) for renewals in range(14) for _ in range(2 ** (14 - renewals))]
    assert time_on_site([minute(stays)]) == pytest.approx(300 / math.log(2), rel=0.001)


def test_leases_of_another_hold_are_counted_apart() -> None:
    """Hardly anybody stays until a renewal after half an hour; who did says little of those who renew each minute."""
    long, short = minute([Stay(0, 0, 1740)] * 400), minute([Stay(60 * n, n, 60) for n in range(4) for _ in range(99)])
    both, apart = time_on_site([long, short]), (time_on_site([long]), time_on_site([short]))
    assert both == pytest.approx((400 * (apart[0] or 0) + 396 * (apart[1] or 0)) / 796)


def test_rows_from_before_doubt_was_counted_say_what_they_said() -> None:
    assert time_on_site([Minute(AT, ended=4, stay=800)]) == 200
    assert time_on_site([Minute(AT)]) is None


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])  # of visitors whose leaving reaches us
@pytest.mark.parametrize("first", [120, 360, 1800])
@pytest.mark.parametrize("median", [60, 240])
def test_a_learned_hold_settles_near_the_true_one_wherever_it_begins(share: float, first: int, median: int) -> None:
    rng = random.Random(3)
    stays = [median * rng.lognormvariate(0, 0.8) for _ in range(4000)]
    true, hold = 1.2 * mean(stays), first
    for _ in range(40):
        ended = [duration(stay, hold, said=rng.random() < share, begun=rng.random()) for stay in stays]
        hold = learned_hold([minute(stay_of(each, hold) for each in ended)], hold, 60, 3600)
    assert 0.9 < hold / true < 1.1


def test_a_hold_is_learned_within_its_bounds_from_many_visits_and_where_it_changes_by_much() -> None:
    def of(stay: int, visits: int = LEAST_STAYS, present: int = 300) -> int:
        return learned_hold([minute([Stay(stay)] * visits)], present, 120, 900)

    assert (of(200), of(50), of(5000)) == (240, 120, 900)
    assert of(200, visits=LEAST_STAYS - 1) == 300
    assert (of(262), of(263), of(237), of(236)) == (300, 316, 300, 284)
