"""Run the local AWS engine in the foreground. Runs inside .venv-engine, started by infra/local/engine.py.

--no-stderr-wait       answer a Lambda call at once. The engine otherwise waits 50 ms for log lines after every call
                       that wrote none, which no real Lambda does: without this, warm calls cannot be measured.
                       A late line then appears in the log of the next call.
--until-stdin-closes   stop when the process that started this is gone, even killed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading

from ministack import app
from ministack.core import lambda_runtime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-stderr-wait", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()
    if options.no_stderr_wait:
        remove_stderr_wait()
    if options.until_stdin_closes:
        threading.Thread(target=stop_when_stdin_closes, daemon=True).start()
    sys.argv[1:] = []  # the engine parses its own
    try:
        app.main()
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def remove_stderr_wait() -> None:
    """Set the first of its three defaults (first_line_wait, idle_confirm, hard_cap; seconds) to nothing."""
    drain = lambda_runtime.Worker._drain_stderr_bounded
    _, idle_confirm, hard_cap = drain.__defaults__
    drain.__defaults__ = (0.0, idle_confirm, hard_cap)


def stop_when_stdin_closes() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
