"""The hold, and when a page renews its lease."""

from __future__ import annotations

import pytest

from chalicelib.pool.lending.hold_time import renew_in


@pytest.mark.parametrize(("hold", "renewed_after"), [(360, 300), (90, 45), (120, 60), (1800, 1740)])
def test_a_page_renews_a_minute_before_the_end_or_at_half_time(hold: int, renewed_after: int) -> None:
    assert renew_in(hold) == renewed_after
