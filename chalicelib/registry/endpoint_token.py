"""The secret in a webhook's URL: the endpoint's own signed configuration, which needs no storage to be read."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from chalicelib.core import tokens
from chalicelib.registry.types import Answering, Endpoint, ShownNumber

# The layouts' versions: a token of another layout does not unseal. URLs are configured at carriers for years, so every
# layout there was still opens. 1: without answering; 2: with it, as what differs from the default.
PURPOSE, FIRST_PURPOSE = "endpoint-2", "endpoint-1"
DEFAULT = Answering()


class EndpointToken(Struct, frozen=True):
    """What a webhook's URL says without a read. It holds no credential: those stay in the table."""

    endpoint_id: str
    site_id: str
    vendor: str
    target_number: str | None  # E.164: where the call goes when all else fails
    record: bool
    country: str  # ISO 3166 alpha-2: assumed for numbers without a prefix
    answering: Answering = field(default_factory=Answering)


def seal_endpoint(endpoint: Endpoint, country: str, key: bytes) -> str:
    """Return `endpoint` as URL-safe text that nobody can forge: about 150 characters plus its spoken texts."""
    fixed = (endpoint.endpoint_id, endpoint.site_id, endpoint.vendor, endpoint.target_number, endpoint.record, country)
    payload = json.dumps([*fixed, _differing(endpoint.answering)], separators=(",", ":"), ensure_ascii=False)
    return tokens.seal(payload.encode(), key=key, purpose=PURPOSE)


def open_endpoint(token: str, key: bytes) -> EndpointToken | None:
    """Return the endpoint that a URL's secret holds, or None for anything we did not sign."""
    payload = tokens.unseal(token, key=key, purpose=PURPOSE)
    if payload is not None:
        *fixed, answering = json.loads(payload)
        return replace(EndpointToken(*fixed), answering=_answering(answering))
    payload = tokens.unseal(token, key=key, purpose=FIRST_PURPOSE)
    return None if payload is None else EndpointToken(*json.loads(payload))


def _differing(answering: Answering) -> dict[str, Any]:
    return {name: value for name, value in asdict(answering).items() if value != getattr(DEFAULT, name)}


def _answering(sealed: dict[str, Any]) -> Answering:
    """Read what was sealed. A field that a later version added is not known here and is left out."""
    known = {name: sealed[name] for name in Answering.__struct_fields__ if name in sealed}
    return Answering(**known | {"show": ShownNumber(known.get("show", DEFAULT.show))})
