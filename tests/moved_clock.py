"""The tests without an engine, each while a day ends: of a year, of a month, of a leap February, of a shorter night.

python -m tests.moved_clock [what pytest takes]     needs libfaketime (Debian: apt-get install faketime)

A test's fixtures are set up some minutes before one of these days ends, in UTC or in Moscow; then all clocks of the
process are set to shortly before the end. So the day ends while the test runs, however it asks what time it is.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

ENDS = [
    datetime.fromisoformat(text).timestamp()
    for text in (
        "2026-12-31T23:59:59.999+00:00",  # a year
        "2027-01-31T23:59:59.999+03:00",  # a month, in Moscow
        "2028-02-29T23:59:59.999+00:00",
        "2028-02-29T23:59:59.999+03:00",
        "2027-03-28T00:59:59.999+00:00",  # the hour after which clocks are set ahead where this process believes to be
    )
]
ZONE = "Europe/Berlin"
EARLIER, AHEAD = 900, 0.15  # seconds before the end at which the fixtures and the test begin
SHIFT = "FAKETIME_TIMESTAMP_FILE"
_ends = itertools.cycle(ENDS)


def main(arguments: list[str]) -> None:
    """Become pytest under libfaketime."""
    library = next(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"), None)
    if library is None:
        sys.exit("test-clock: libfaketime is not installed (Debian: apt-get install faketime)")
    shift = Path(tempfile.mkdtemp()) / "shift"
    shift.write_text("+0\n")
    moved = {"LD_PRELOAD": str(library), SHIFT: str(shift), "FAKETIME_NO_CACHE": "1", "TZ": ZONE}
    command = ["-m", "pytest", "-p", "tests.moved_clock", "-m", "not engine and not browser", *arguments]
    os.execve(sys.executable, [sys.executable, *command], os.environ | moved)  # noqa: S606


def move(to: float) -> None:
    """Set the clocks; `to` is seconds since 1970."""
    shift = Path(os.environ[SHIFT])
    before = float(shift.read_text())
    new = shift.with_suffix(".new")
    new.write_text(f"{to - (time.time() - before):+.3f}\n")
    new.replace(shift)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    move(next(_ends) - EARLIER)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call() -> None:
    now = time.time()
    move(min((end for end in ENDS if end > now), key=lambda end: end - now) - AHEAD)


if __name__ == "__main__":
    main(sys.argv[1:])
