"""One JSON line per outcome: the event's name first, ids as fields. Never a person's number, name or secret.

Each line has `event`, `level`, `function`, `request_id` and `cold_start`, then what about() added, then its own fields.
`log_events.py` declares every event with its level and meaning.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

INFO, WARNING, ERROR = "info", "warning", "error"

_OUTSIDE = {"function": "", "request_id": "", "cold_start": False}
# A context variable and no global: a thread that outlives its invocation must not write the id of the next one.
_about: ContextVar[dict[str, Any]] = ContextVar("about", default=_OUTSIDE)
_cold_start = True


def event(name: str, **fields: Any) -> None:
    """Write one line that reports what was done. Fields that are None are left out."""
    _write(name, INFO, fields)


def warning(name: str, **fields: Any) -> None:
    """Write one line about what was refused, lost or put off while the service went on."""
    _write(name, WARNING, fields)


def error(name: str, **fields: Any) -> None:
    """Write one line about a failure that a person has to look at."""
    _write(name, ERROR, fields)


@contextmanager
def invocation(context: Any, function: str = "") -> Iterator[None]:
    """Put the request id, the cold-start flag and the function into each line written inside.

    `context` is Lambda's, None outside Lambda; `function` is the task as app.py names it. The first invocation of a
    process is its cold start.
    """
    global _cold_start
    cold_start, _cold_start = _cold_start, False
    request_id = getattr(context, "aws_request_id", None) or ""
    with about(function=function, request_id=request_id, cold_start=cold_start):
        yield


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Add fields to each line written inside, by this thread or one that was given its context."""
    token = _about.set(_about.get() | fields)
    try:
        yield
    finally:
        _about.reset(token)


def _write(name: str, level: str, fields: dict[str, Any]) -> None:
    """Write to standard output, which Lambda sends to CloudWatch Logs."""
    own = {key: value for key, value in fields.items() if value is not None}
    line = {"event": name, "level": level, **_about.get(), **own}
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
