"""Where the story is played: a deployed stack, or the tests' own process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from infra.demo.service import Transport


class DidNotHappen(Exception):
    """Something that had to follow did not, in one sentence."""


class World(Protocol):
    """What the play needs of a service besides its HTTP API."""

    @property
    def transport(self) -> Transport:
        """The way to its HTTP API."""

    def keep_step(self) -> None:
        """Return once everything that is due has been taken out of the queues. Raises DidNotHappen."""

    def drain(self) -> None:
        """Return once the queues are empty, what is to be handled later included. Raises DidNotHappen."""

    def drop(self, key: str, content: bytes) -> Mapping[str, Any]:
        """Put a file where customers drop theirs; return the result that appears beside it. Raises DidNotHappen."""

    def run_schedule(self, task: str, moment: datetime, detail: Mapping[str, str] | None = None) -> Any:
        """Run a scheduled function, by its logical id, as it would run at `moment`; return its result."""

    def fetch(self, link: str) -> bytes:
        """Return the file behind a presigned link."""

    def dead_letters(self) -> list[str]:
        """Return a sentence for every dead-letter queue that is not empty."""
