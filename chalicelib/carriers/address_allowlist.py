"""The second proof of carriers that sign nothing: where their webhooks come from. Pure."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from chalicelib.carriers import Hook
from chalicelib.core.errors import SignatureRejected
from chalicelib.registry.types import Endpoint

CREDENTIAL = "allowed_addresses"  # networks, comma separated; empty: the secret in the URL is the only proof


def check_source(hook: Hook, endpoint: Endpoint) -> None:
    """Raise SignatureRejected if the endpoint has a list of addresses and the request comes from none of them."""
    listed = endpoint.credentials.get(CREDENTIAL, "").strip()
    if listed and not _is_in(hook.request.source_ip, listed):
        raise SignatureRejected("The address is not one of those allowed for this endpoint.")


def _is_in(address: str, listed: str) -> bool:
    try:
        source = ip_address(address)
        return any(source in ip_network(part.strip(), strict=False) for part in listed.split(",") if part.strip())
    except ValueError:  # no address, or a list that cannot be read: it must not open the endpoint
        return False
