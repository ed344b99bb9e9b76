"""A limit to how long work may take while somebody waits for it.

A client's timeouts limit one request; a caller waits for all of them together, and for what has no timeout at all,
such as the look-up of a name. So the work runs in a thread, and the caller goes on without it when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class DeadlinePassed(Exception):
    """The work was not done in time. It may still be finished later, so it must be harmless to do it again."""


class Work(Thread, Generic[T]):
    """One piece of work in a thread of its own: a pool's threads could all hang, and then nothing would start."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._work, self._context = work, copy_context()  # so that its log lines name the request it works for
        self._done: list[T] = []
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._done.append(self._context.run(self._work))
        except BaseException as failure:  # noqa: BLE001 - raised again where the result is waited for
            self._failure = failure

    def result(self) -> T:
        """Return what the work returned, or raise what it raised. Raises DeadlinePassed where it is not done."""
        if self._failure is not None:
            raise self._failure
        if not self._done:
            raise DeadlinePassed
        return self._done[0]


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do `work` and return what it returns, or raise what it raises. Raises DeadlinePassed after `seconds`."""
    thread = Work(work)
    thread.start()
    thread.join(seconds)
    return thread.result()
