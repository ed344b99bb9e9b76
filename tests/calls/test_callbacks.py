"""Called back: the business called back within two weeks, or the caller got through the same day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.calls.callbacks import CALLBACK_DAYS, called_back
from chalicelib.calls.types import Call, CallStatus, Direction

MOSCOW = ZoneInfo("Europe/Moscow")
EVENING = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)  # 23:30 in Moscow
IN, OUT = Direction.IN, Direction.OUT


def call(call_id: str, at: datetime, talk: int, direction: Direction = IN, caller: str | None = "someone") -> Call:
    return Call(
        site_id="s1", call_id=call_id, vendor="generic", endpoint_id="e", events=2, first_seen_at=at, started_at=at,
        direction=direction, caller_key=caller, caller_masked=None, caller_sealed=None, number="+74990000001",
        answered_at=None, ended_at=at, ring_seconds=9, talk_seconds=talk, status=CallStatus.MISSED, answered_by=None,
        hangup_cause=None, recording_url=None,
    )  # fmt: skip


MISSED = call("missed", EVENING, 0)


def later(talk: int = 60, direction: Direction = IN, caller: str | None = "someone", **after: float) -> Call:
    return call("later", EVENING + timedelta(**after), talk, direction, caller)


@pytest.mark.parametrize(
    ("then", "reached"),
    [
        (later(minutes=29), True),
        (later(minutes=31), False),  # past midnight in Moscow: they had to call again on another day
        (later(minutes=31, direction=OUT), True),
        (later(days=CALLBACK_DAYS, direction=OUT), True),
        (later(days=CALLBACK_DAYS, seconds=1, direction=OUT), False),
        (later(minutes=-5, direction=OUT), False),
        (later(minutes=5, talk=0), False),
        (later(minutes=5, talk=0, direction=OUT), False),  # nobody was reached
        (later(minutes=5, caller="another", direction=OUT), False),
        (later(minutes=5, caller=None, direction=OUT), False),
    ],
)
def test_who_was_reached_later(then: Call, reached: bool) -> None:
    expected = frozenset({"missed"}) if reached else frozenset()
    assert called_back([MISSED, then], MOSCOW) == called_back([then, MISSED], MOSCOW) == expected


def test_midnight_is_the_sites() -> None:
    assert called_back([MISSED, later(minutes=31)], ZoneInfo("UTC")) == {"missed"}
    assert not called_back([MISSED, later(minutes=31)], MOSCOW)


def test_one_talk_calls_back_all_calls_missed_before() -> None:
    calls = [MISSED, call("again", EVENING + timedelta(minutes=2), 0), later(minutes=9, direction=OUT)]
    assert called_back(calls, MOSCOW) == {"missed", "again"}


def test_a_customer_who_did_not_answer_us_and_a_withheld_number_are_nobody_to_call_back() -> None:
    assert not called_back([call("out", EVENING, 0, OUT), later(minutes=5)], MOSCOW)
    assert not called_back([call("hidden", EVENING, 0, caller=None), later(minutes=5, caller=None)], MOSCOW)


def test_a_clock_change_moves_midnight_not_the_rule() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 0:30 on the 25th, which has 25 hours
    calls = [call("missed", before, 0), call("later", before + timedelta(hours=24), 30)]
    assert called_back(calls, berlin) == {"missed"}
