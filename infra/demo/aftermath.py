"""What follows the calls: files are dropped, queues run empty, scheduled functions run, the report is fetched."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.demo.events import Story
from infra.demo.files import BROKEN_LINE, deals_csv, plain_csv, yandex_csv
from infra.demo.provision import Shop
from infra.stack import Stack

PATIENCE_SECONDS = 120
DEAD_LETTERS = "DeadLettersUrl"


class DidNotHappen(Exception):
    """Something that had to follow did not, in one sentence."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The stack after the play."""

    stack: Stack
    shop: Shop
    story: Story

    def drain(self) -> None:
        """Wait until every call is attributed and nothing is kept back. Raises DidNotHappen."""
        queues = [self.stack.outputs[name] for name in ("CallpathAttributeQueue", "CallpathKeptQueue")]
        _wait_until(lambda: not any(self._waiting(queue) for queue in queues), "the queues did not run empty")

    def dead_letters(self) -> list[str]:
        """A sentence for every dead-letter queue that is not empty."""
        dead = {name: url for name, url in self.stack.outputs.items() if name.endswith(DEAD_LETTERS)}
        return [
            f"{name.removesuffix('Url')} holds {count}" for name, url in dead.items() if (count := self._waiting(url))
        ]

    def drop_files(self) -> list[str]:
        """Spend and deals by file, one of them twice; a sentence for everything that did not land as it must."""
        by_source: dict[str, list[Any]] = {"yandex": [], "google": [], "": []}
        for row in self.story.spend:
            by_source[row.source if row.source in by_source and row.medium == "cpc" else ""].append(row)
        by_hand = [deal for deal in self.story.deals if deal.by_file]
        yandex, google, others = by_source["yandex"], by_source["google"], by_source[""]
        problems = _expect("yandex.csv", self._drop("spend", "yandex.csv", yandex_csv(yandex)), len(yandex))
        problems += _expect("google.csv", self._drop("spend", "google.csv", plain_csv(google)), len(google))
        again = self._drop("spend", "yandex again.csv", yandex_csv(yandex))
        problems += _expect("yandex.csv again", again, landed=0, unchanged=len(yandex))
        deals = self._drop("deals", "hand made.csv", deals_csv(by_hand))
        problems += _expect("the file of deals", deals, len(by_hand), rejected=[BROKEN_LINE])
        uploaded = self.shop.service.manage("POST", f"sites/{self.shop.site_id}/spend", plain_csv(others))
        return problems + _expect("the uploaded spend", uploaded, len(others))

    def scheduled(self) -> Mapping[str, str]:
        """Run what runs by the clock; file name → presigned link of the story's report."""
        now = datetime.now(UTC)
        self.stack.invoke("CloseDay", scheduled_event(now))
        self.stack.invoke("Census", scheduled_event(now))
        self.stack.invoke("BuildReport", scheduled_event(now))
        period = {"from": self.story.first_day.isoformat(), "to": self.story.last_day.isoformat()}
        built = self.stack.invoke("BuildReport", scheduled_event(now, {"site_id": self.shop.site_id, **period}))
        links: dict[str, str] = built["files"]
        return links | {"index.html": built["index"]}

    def _waiting(self, queue_url: str) -> int:
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        found = self.stack.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
        return sum(int(found.get(name, 0)) for name in names)

    def _drop(self, kind: str, name: str, content: bytes) -> dict[str, Any]:
        """Put a file where customers drop theirs; the result that appears beside it."""
        s3, bucket = self.stack.client("s3"), self.stack.outputs["CallpathBucket"]
        key = f"drop/{kind}/{self.shop.site_id}/{name}"
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        result: dict[str, Any] = {}

        def there() -> bool:
            try:
                result.update(json.loads(s3.get_object(Bucket=bucket, Key=f"drop-results/{key}.json")["Body"].read()))
            except ClientError as absent:
                if absent.response["Error"]["Code"] != "NoSuchKey":
                    raise
                return False
            return True

        _wait_until(there, f"the file {name} was not imported")
        return result


def scheduled_event(now: datetime, detail: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What EventBridge sends."""
    event = {"version": "0", "id": "demo", "detail-type": "Scheduled Event", "source": "aws.events", "resources": []}
    return {**event, "account": "", "region": "", "time": now.isoformat(), "detail": dict(detail or {})}


def fetch(link: str) -> bytes:
    """The file behind a presigned link."""
    with urllib.request.urlopen(link, timeout=30) as response:  # noqa: S310 - a link of our own engine
        content: bytes = response.read()
        return content


def _expect(
    what: str, result: Mapping[str, Any], landed: int, unchanged: int = 0, rejected: list[int] | None = None
) -> list[str]:
    told = {
        "landed": result.get("landed"),
        "unchanged": result.get("unchanged"),
        "rejected": [each["line"] for each in result.get("rejected", ())],
    }
    expected = {"landed": landed, "unchanged": unchanged, "rejected": rejected or []}
    return [] if told == expected else [f"{what}: expected {expected}, the service says {dict(result)}"]


def _wait_until(done: Any, otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise DidNotHappen(otherwise)
        time.sleep(0.2)
