"""Form fields: of the body, or of the query where a carrier sends its events by GET. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl

from chalicelib.core.errors import BadInput
from chalicelib.runtime.http import Request

MAX_FIELDS = 300
Pairs = list[tuple[str, str]]


def pairs(request: Request) -> Pairs:
    """Return the decoded fields in their order, repeated ones too. Raises BadInput."""
    if request.method == "GET":
        return query_pairs(request)
    try:
        text = request.body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise BadInput("body", "is not a form of reasonable size") from None


def query_pairs(request: Request) -> Pairs:
    """Return the decoded arguments of the URL."""
    return [(name, value) for name, values in request.query.items() for value in values]
