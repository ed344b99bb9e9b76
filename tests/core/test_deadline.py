"""Work that takes too long does not hold up who waits for it."""

from __future__ import annotations

from threading import Event

import pytest

from chalicelib.core.deadline import DeadlinePassed, within
from tests.waiting import PATIENCE


def test_answers_what_the_work_answers() -> None:
    assert within(PATIENCE, lambda: "done") == "done"


def test_raises_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        within(PATIENCE, lambda: 1 / 0)


def test_goes_on_without_work_that_hangs_and_the_work_goes_on_too() -> None:
    go_on, finished = Event(), Event()

    def work() -> None:
        go_on.wait(PATIENCE)
        finished.set()

    with pytest.raises(DeadlinePassed):
        within(0.01, work)
    go_on.set()
    assert finished.wait(PATIENCE)


def test_work_that_hangs_does_not_keep_the_next_from_starting() -> None:
    never = Event()
    for _ in range(20):
        with pytest.raises(DeadlinePassed):
            within(0.001, never.wait)
    assert within(PATIENCE, lambda: "done") == "done"
    never.set()
