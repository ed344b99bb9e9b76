"""The story's world in this process: the real routes and tasks, queues emptied by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, unquote, urlsplit

from chalice.test import Client

from chalicelib.attribution import attribute_call
from chalicelib.deals import import_deals, take_contact
from chalicelib.pool.statistics import census
from chalicelib.reports import build_report, close_day
from chalicelib.reports.spend import import_spend
from chalicelib.runtime.settings import settings
from infra.demo.service import Transport

DROPS = {"spend": import_spend.from_drop, "deals": import_deals.from_drop}


@dataclass(frozen=True, slots=True)
class Routes:
    """Requests straight into the application's routes."""

    client: Client
    base_url: str

    def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body that a whole URL answers."""
        answer = self.client.http.request(method, url.removeprefix(self.base_url), headers=headers, body=body)
        return answer.status_code, answer.body


@dataclass(frozen=True, slots=True)
class InProcess:
    """A world whose queues are emptied here; `present` is what the clock of the tasks says."""

    routes: Routes
    take: Callable[[str], list[Any]]  # everything that lies in a queue, by its URL, taken out of it
    s3: Any
    present: datetime

    @property
    def transport(self) -> Transport:
        """The way to its HTTP API."""
        return self.routes

    def keep_step(self) -> None:
        """Take everything out of the queues of contacts and calls; a call may queue others of its caller."""
        for message in each_once(self.take(settings().contact_queue)):
            take_contact.take(message, self.present)
        while waiting := self.take(settings().attribute_queue):
            for message in each_once(waiting):
                attribute_call.attribute(message, self.present)

    def drain(self) -> None:
        """Do the same: nothing is to be handled later here."""
        self.keep_step()

    def drop(self, key: str, content: bytes) -> Mapping[str, Any]:
        """Put a file where customers drop theirs; return the result that appears beside it."""
        bucket = settings().bucket
        self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        record = {"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}
        record["eventTime"] = self.present.isoformat()  # type: ignore[assignment]
        DROPS[key.split("/")[1]]({"Records": [record]}, self.present)
        result = self.s3.get_object(Bucket=bucket, Key=f"drop-results/{key}.json")["Body"].read()
        found: Mapping[str, Any] = json.loads(result)
        return found

    def run_schedule(self, task: str, moment: datetime, detail: Mapping[str, str] | None = None) -> Any:
        """Run a scheduled task as it would run at `moment`; return its result."""
        tasks: dict[str, Callable[[], Any]] = {
            "CloseDay": lambda: close_day.close(moment),
            "Census": lambda: census.count(moment),
            "BuildReport": lambda: build_report.build(moment, detail or {}),
        }
        return tasks[task]()

    def fetch(self, link: str) -> bytes:
        """Return the file behind a presigned link."""
        bucket, _, key = unquote(urlsplit(link).path).lstrip("/").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def dead_letters(self) -> list[str]:
        """Return nothing: what a task raises is raised here."""
        return []


def each_once(waiting: list[Any]) -> list[Any]:
    """Messages without their repetitions: each event of a call queues it again, and one look sees them all."""
    return list({json.dumps(message, sort_keys=True): message for message in waiting}.values())
