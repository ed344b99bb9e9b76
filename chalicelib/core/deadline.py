"""A limit to how long work may take while somebody waits for it.

A client's timeouts limit one request; a caller waits for all of them together, and for what has no timeout at all,
such as the look-up of a name. So the work runs in a thread, and the caller goes on without it when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
THREAD = "work with a deadline"  # the name of each thread


class DeadlinePassed(Exception):
    """The work was not done in time. It may still be finished later, so it must be harmless to do it again."""


def started(work: Callable[[], T]) -> Future[T]:
    """Start `work` in a thread of its own: a pool's threads could all hang, and then nothing would start.

    Its log lines name the request that it works for.
    """
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as failure:  # noqa: BLE001 - raised again where the result is waited for
            future.set_exception(failure)

    Thread(target=run, name=THREAD, daemon=True).start()
    return future


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do `work` and return what it returns, or raise what it raises. Raises DeadlinePassed after `seconds`."""
    future = started(work)
    if not wait([future], timeout=seconds).done:
        raise DeadlinePassed
    return future.result()
