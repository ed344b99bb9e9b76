"""How commands answer: JSON on standard output, for people and for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib.core.errors import BadInput
from chalicelib.runtime import http


def show(answer: Any) -> None:
    """Print one answer."""
    print(json.dumps(json.loads(http.to_json(answer)), indent=2, ensure_ascii=False))


def show_import(answer: dict[str, Any]) -> bool:
    """Print what an import did, with each line it refused. Return whether anything of the file could be taken."""
    show(answer)
    return bool(answer["landed"] or answer["unchanged"] or not answer["rejected"])


def read_file(path: str, argument: str) -> bytes:
    """Return a file's bytes. Raises BadInput naming the argument where it is empty, OSError where it cannot be read."""
    raw = Path(path).read_bytes()
    if not raw.strip():
        raise BadInput(argument, f"{path} is empty")
    return raw
