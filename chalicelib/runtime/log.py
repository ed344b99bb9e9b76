"""One JSON line per outcome: the event's name first, ids as fields. Never a person's number, name or secret."""

from __future__ import annotations

import json
import sys
from typing import Any


def event(name: str, **fields: Any) -> None:
    """Write one line to standard output, which Lambda sends to CloudWatch Logs."""
    line = {"event": name, **{key: value for key, value in fields.items() if value is not None}}
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
