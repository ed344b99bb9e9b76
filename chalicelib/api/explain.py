"""One call explained: where a figure comes from."""

from __future__ import annotations

from typing import Any

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.reports import explain_call
from chalicelib.runtime.http import Request


def item(request: Request, site_id: str, call_id: str) -> dict[str, Any]:
    """GET: the call's chain under the site's model, or the one of the argument `model`."""
    site = site_of(request, site_id)
    model = request.argument("model")
    sentences = explain_call.explain(site, call_id, validators.model(model, "model") if model else None, request.now)
    chain = [{"chapter": each.chapter, "at": each.at, "says": each.says} for each in sentences]
    return {"call_id": call_id, "chain": chain}
