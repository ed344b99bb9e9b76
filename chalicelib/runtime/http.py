"""The HTTP edge: Chalice's request becomes ours, our answers and errors become Chalice's."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any

from chalice.app import Chalice, Response
from msgspec import Struct, field, to_builtins

from chalicelib.core import clock
from chalicelib.core.errors import BadInput, CallpathError, TooLarge
from chalicelib.runtime import log, tracing
from chalicelib.runtime.settings import settings

MAX_BODY_BYTES = 5_500_000  # Lambda's own limit for a request is 6 MB


class Request(Struct, frozen=True):
    """One HTTP request as the tasks see it: raw body, lower-case header names, the moment it counts as made."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    now: datetime

    def header(self, name: str) -> str:
        """Return the header's value, or an empty string."""
        return self.headers.get(name.lower(), "")

    def argument(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query argument, or `default`."""
        values = self.query.get(name)
        return values[0] if values else default


class Answer(Struct, frozen=True):
    """What a task answers when it is not plain JSON with status 200. `body` that is not text is sent as JSON."""

    body: Any
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Application(Chalice):
    """Chalice, with our form of errors where it refuses a request before any task sees it (415, 405, …)."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        with log.invocation(context):
            response: dict[str, Any] = super().__call__(event, context)
        if response["statusCode"] >= 400 and '"Code"' in str(response["body"]):
            refusal = json.loads(response["body"])
            code = re.sub(r"(?<!^)(?=[A-Z])", "_", refusal["Code"].removesuffix("Error")).lower()
            response["body"] = to_json({"error": code, "message": refusal["Message"]})
        return response


def request_of(app: Any) -> Request:
    """Return Chalice's current request as ours. Raises BadInput for an unreadable body, TooLarge past the limit."""
    current = app.current_request
    headers = {name.lower(): value for name, value in current.headers.items()}
    try:
        body = current.raw_body
    except ValueError:
        raise BadInput("body", "cannot be decoded") from None
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("body: larger than 5.5 MB; drop larger files into the bucket")
    multi = current.to_original_event().get("multiValueQueryStringParameters") or {}
    return Request(
        method=current.method,
        path=current.path,
        query={name: tuple(values) for name, values in multi.items()},
        headers=headers,
        body=body,
        source_ip=current.context.get("identity", {}).get("sourceIp", ""),
        now=clock.of_request(headers, test_clock=settings().test_clock),
    )


def answers(task: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a route, innermost: trace the task, turn its result into a response and its errors into HTTP."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def answered(*args: Any, **kwargs: Any) -> Any:
            with log.about(function=task), tracing.task(task):
                try:
                    return to_response(view(*args, **kwargs))
                except CallpathError as error:
                    log.warning("refused", task=task, code=error.error_code, field=error.field, status=error.status)
                    return to_response(error_answer(error))
                except Exception as bug:  # noqa: BLE001 - the last defence: a bug is a 500 without its traceback
                    log.error("failed", task=task, error=type(bug).__name__, where=_where(bug))
                    return to_response(
                        Answer({"error": "internal_error", "message": "This is our fault. It was logged."}, 500)
                    )

        return answered

    return decorate


def error_answer(error: CallpathError) -> Answer:
    """Return `{"error", "message", "field"?}` with the error's status."""
    body = {"error": error.error_code, "message": error.message}
    if error.field:
        body["field"] = error.field
    return Answer(body, error.status)


def to_response(result: Any) -> Any:
    """Return an Answer, or anything JSON can hold, as Chalice's Response."""
    answer = result if isinstance(result, Answer) else Answer(result)
    body = answer.body if isinstance(answer.body, str) else to_json(answer.body)
    return Response(body, status_code=answer.status, headers={"Content-Type": answer.content_type, **answer.headers})


def to_json(value: Any) -> str:
    """Write JSON with decimals as exact strings and times in ISO 8601 UTC."""
    return json.dumps(value, ensure_ascii=False, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, Struct):
        return to_builtins(value, builtin_types=(datetime, Decimal))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _where(bug: Exception) -> str:
    """Return file, line and function of the innermost frame: where to look, without the values that were in it."""
    frames = traceback.extract_tb(bug.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 2)[-1]}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
