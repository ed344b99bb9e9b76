"""What the demo says while it runs: a bar on a terminal, a line per step elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH = 28
REDRAW_SECONDS = 0.1


class Progress:
    """Counts one step. `done` may be called from any thread."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.count = title, total, 0
        self.began = time.monotonic()
        self._drawn = 0.0
        self._lock = threading.Lock()
        self._live = sys.stdout.isatty()

    def done(self, count: int = 1) -> None:
        """Count what is finished."""
        with self._lock:
            self.count += count
            now = time.monotonic()
            if self._live and now - self._drawn > REDRAW_SECONDS:
                self._drawn = now
                self._draw()

    def finish(self) -> None:
        """Leave the step's last line behind."""
        seconds = time.monotonic() - self.began
        amount = f"{self.count} " if self.total else ""
        print(
            f"{chr(13) if self._live else ''}  {self.title:<44}{amount:>7}in {seconds:5.1f} s"
            + " " * WIDTH * self._live
        )

    def _draw(self) -> None:
        filled = WIDTH * self.count // max(self.total, 1)
        bar = "█" * filled + "·" * (WIDTH - filled)
        print(f"\r  {self.title:<44}{bar} {self.count}/{self.total}", end="", flush=True)


@contextmanager
def step(title: str, total: int = 0) -> Iterator[Progress]:
    """One step of the demo; `total` is how much there is to count, 0 for a step that is all or nothing."""
    progress = Progress(title, total)
    if total == 0 and progress._live:
        print(f"  {title} …", end="", flush=True)
    yield progress
    progress.finish()
