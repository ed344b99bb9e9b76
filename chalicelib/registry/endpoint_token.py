"""The secret in a webhook's URL: the endpoint's own signed configuration, so that storage may be dead."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

from chalicelib import tokens
from chalicelib.registry.types import Endpoint

PURPOSE = "endpoint-1"  # the layout's version: a token of another layout does not unseal


@dataclass(frozen=True, slots=True)
class EndpointToken:
    """What a webhook's URL tells without a read. It holds no credential: those stay in the table."""

    endpoint_id: str
    site_id: str
    vendor: str
    target_number: str | None  # E.164: where the call goes when all else fails
    record: bool
    country: str  # ISO 3166 alpha-2: assumed for numbers without a prefix


def seal_endpoint(endpoint: Endpoint, country: str, key: bytes) -> str:
    """`endpoint` as URL-safe text that nobody can forge; about 150 characters."""
    token = EndpointToken(
        endpoint.endpoint_id, endpoint.site_id, endpoint.vendor, endpoint.target_number, endpoint.record, country
    )
    return tokens.seal(json.dumps(astuple(token), separators=(",", ":")).encode(), key=key, purpose=PURPOSE)


def open_endpoint(token: str, key: bytes) -> EndpointToken | None:
    """The endpoint a URL's secret stands for, or None for anything we did not sign."""
    payload = tokens.unseal(token, key=key, purpose=PURPOSE)
    return None if payload is None else EndpointToken(*json.loads(payload))
