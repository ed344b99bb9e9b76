"""Two threads in one object, the second let in at the worst moment of the first: no luck, no clock."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread
from typing import Any


class Intruder:
    """Runs `work` in a thread of its own at the first call of `let_in`.

    It is waited for there, for it meets the first thread in the middle of what that one does. Where the first one holds
    `lock`, the second can only wait, and goes on when the first has done.
    """

    def __init__(self, lock: Lock, work: Callable[[], Any]) -> None:
        self._lock, self._thread, self.failure = lock, Thread(target=self._run, args=(work,), daemon=True), list[Any]()
        self.came = False

    def let_in(self) -> None:
        """Let the second thread in, once."""
        if self.came:
            return
        self.came = True
        self._thread.start()
        if not self._lock.locked():
            self._thread.join()

    def leave(self) -> None:
        """Wait for its end; raises what it raised."""
        assert self.came, "the first thread never came by the place where the second one waits"
        self._thread.join()
        if self.failure:
            raise self.failure[0]

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - `leave` raises it in the test's own thread
            self.failure.append(failure)
