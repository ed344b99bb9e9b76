"""AWS X-Ray, in one file. Its SDK takes half a second to import: only a sampled request in Lambda pays for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from chalicelib.runtime import log

T = TypeVar("T")


@contextmanager
def task(name: str, site: str | None = None) -> Iterator[None]:
    """Open a subsegment for one task, annotated with the task and, where known, the site.

    Does nothing outside Lambda or when the request is not sampled.
    """
    if not sampled():
        yield
        return
    recorder = _recorder()
    with recorder.in_subsegment(name) as subsegment:
        subsegment.put_annotation("task", name)
        if site:
            subsegment.put_annotation("site", site)
        yield


def traced(name: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Decorate a scheduled task, which takes Chalice's event: run it in its subsegment, its log lines with its name."""

    def decorate(run: Callable[..., T]) -> Callable[..., T]:
        @wraps(run)
        def recorded(event: Any) -> T:
            with log.invocation(event.context, name), task(name):
                return run(event)

        return recorded

    return decorate


def annotate(**annotations: str) -> None:
    """Add annotations to the task's subsegment, once its site is known."""
    if sampled():
        subsegment = _recorder().current_subsegment()
        if subsegment is not None:
            for key, value in annotations.items():
                subsegment.put_annotation(key, value)


def sampled() -> bool:
    """Return whether this request runs in Lambda and X-Ray asked to record it."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ and "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


def _recorder() -> Any:
    from aws_xray_sdk.core import xray_recorder

    if not getattr(xray_recorder, "callpath_ready", False):
        # A missing segment or an absent daemon must never fail a task: log it and go on.
        xray_recorder.configure(context_missing="LOG_ERROR", service="callpath")
        xray_recorder.callpath_ready = True
    return xray_recorder
