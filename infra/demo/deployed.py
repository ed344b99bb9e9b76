"""The story's world on a deployed stack: HTTP, real queues, real functions."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.demo.service import Http
from infra.demo.world import DidNotHappen
from infra.deploy.stack import Stack

PATIENCE_SECONDS = 600  # that nothing moves: a bound on what hangs, not on what is slow
# What is read of a call, in the order in which one queue may feed the next. Nothing is delivered to anybody here.
STEPS, ALL = ("Kept", "Contact", "Attribute"), ("Kept", "Contact", "Attribute", "Recording")
DEAD_LETTERS = "DeadLettersUrl"
DUE = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
LATER = "ApproximateNumberOfMessagesDelayed"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack on the local engine, which expires nothing: the story's past is the engine's past, too."""

    stack: Stack
    transport: Http = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "transport", Http(self.stack.base_url))

    def close(self) -> None:
        """Close the connections to the stack."""
        self.transport.close()

    def keep_step(self) -> None:
        """Return once everything that is due has been taken out of the queues. Raises DidNotHappen."""
        self._wait_until_empty(STEPS, DUE)

    def drain(self) -> None:
        """Return once the queues are empty, what is to be handled later included. Raises DidNotHappen."""
        self._wait_until_empty(ALL, (*DUE, LATER))

    def drop(self, key: str, content: bytes) -> Mapping[str, Any]:
        """Put a file where customers drop theirs; return the result that appears beside it. Raises DidNotHappen."""
        s3, bucket = self.stack.client("s3"), self.stack.outputs["CallpathBucket"]
        s3.put_object(Bucket=bucket, Key=key, Body=content)

        def result() -> Any:
            try:
                return json.loads(s3.get_object(Bucket=bucket, Key=f"drop-results/{key}.json")["Body"].read())
            except ClientError as absent:
                if absent.response["Error"]["Code"] != "NoSuchKey":
                    raise
                return None

        found: Mapping[str, Any] = _wait_for(result, f"the file {key} was not imported")
        return found

    def run_schedule(self, task: str, moment: datetime, detail: Mapping[str, str] | None = None) -> Any:
        """Run a scheduled function, by its logical id, as it would run at `moment`; return its result."""
        return self.stack.run_schedule(task, moment, dict(detail or {}))

    def fetch(self, link: str) -> bytes:
        """Return the file behind a presigned link."""
        with urllib.request.urlopen(link, timeout=30) as response:  # noqa: S310 - a link of our own engine
            content: bytes = response.read()
            return content

    def dead_letters(self) -> list[str]:
        """Return a sentence for every dead-letter queue that is not empty."""
        dead = {name: url for name, url in self.stack.outputs.items() if name.endswith(DEAD_LETTERS)}
        counts = {name.removesuffix("Url"): self._count(url, (*DUE, LATER)) for name, url in dead.items()}
        return [f"{name} holds {count}" for name, count in counts.items() if count]

    def _wait_until_empty(self, names: tuple[str, ...], kinds: tuple[str, ...]) -> None:
        queues = [self.stack.outputs[f"Callpath{name}Queue"] for name in names]

        def empty() -> bool:
            return not any(self._count(queue, kinds) for queue in queues)

        _wait_for(empty, "the queues did not run empty")

    def _count(self, queue_url: str, kinds: tuple[str, ...]) -> int:
        found = self.stack.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(kinds))
        return sum(int(found["Attributes"].get(kind, 0)) for kind in kinds)


def _wait_for(look: Callable[[], Any], otherwise: str) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > until:
            raise DidNotHappen(otherwise)
        time.sleep(0.1)
    return found
