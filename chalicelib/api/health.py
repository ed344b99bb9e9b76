"""Whether this stage answers. It reads nothing: a dead table must not look like a dead service."""

from __future__ import annotations

from chalicelib.runtime.settings import settings


def health() -> dict[str, str]:
    """Return `{"status": "ok", "stage": …}`."""
    return {"status": "ok", "stage": settings().stage}
