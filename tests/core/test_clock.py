"""Times are aware, in UTC, and refused by name where they are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.core.clock import from_epoch, iso, parse_time
from chalicelib.core.errors import BadInput


def test_a_time_with_an_offset_becomes_utc() -> None:
    assert parse_time("2026-11-22T12:55:00+03:00", field="at") == datetime(2026, 11, 22, 9, 55, tzinfo=UTC)
    assert parse_time("2026-11-22T09:55:00Z", field="at") == datetime(2026, 11, 22, 9, 55, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22T12:55:00", "2026-13-01T00:00:00Z"])
def test_a_time_without_a_zone_or_sense_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_time(text, field="outcome_at")
    assert caught.value.field == "outcome_at"


@pytest.mark.parametrize("seconds", [0, -1, 1e12, float("nan")])
def test_an_epoch_no_call_can_be_of_is_refused(seconds: float) -> None:
    with pytest.raises(BadInput):
        from_epoch(seconds, field="start")


def test_one_way_of_writing_a_time_reads_back() -> None:
    for moment in (datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 9, 0, 0, 123000, tzinfo=UTC)):
        assert parse_time(iso(moment), field="at") == moment
