"""How a command ends: with its result, or with one sentence that says why not."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from infra.setup.bootstrap import plainly

INTERRUPTED = 128 + signal.SIGINT


@contextlib.contextmanager
def ended_plainly(command: str, *failures: type[Exception]) -> Iterator[None]:
    """End the process with one line where its work fails, the system refuses it, or somebody presses Ctrl-C.

    The first Ctrl-C unwinds what is under way, which takes away what it has begun; further ones do not disturb that.
    """
    before = signal.signal(signal.SIGINT, _interrupt_once)
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{command}: stopped, nothing is left behind", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except failures as failure:
        sys.exit(f"{command} failed: {failure}")
    except OSError as refusal:
        sys.exit(f"{command} failed: {plainly(refusal)}")
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt_once(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
