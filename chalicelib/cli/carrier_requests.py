"""Signed requests sent over the network, as a carrier would send them."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from chalicelib.carriers.simulator.requests import Signed
from chalicelib.core.errors import BadInput

TIMEOUT_SECONDS = 15


class _NoRedirect(HTTPRedirectHandler):
    """Signed requests go where they were signed for, and nowhere else."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


def sent(signed: Signed) -> dict[str, Any]:
    """Status and body of the answer; status 0 where nothing answered. Raises BadInput for a URL that is none."""
    if not signed.url.startswith(("https://", "http://")):
        raise BadInput("--url", "is not an http or https URL")
    request = Request(signed.url, data=signed.body, headers=signed.headers, method="POST")  # noqa: S310 - checked above
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return {"status": answer.status, "answer": answer.read().decode()}
    except HTTPError as refusal:
        return {"status": refusal.code, "answer": refusal.read().decode()}
    except (URLError, TimeoutError, ConnectionError) as failure:
        return {"status": 0, "answer": str(getattr(failure, "reason", failure))}
