"""Webhook endpoints of carriers and CRMs. Their URL is shown once, when they are made; their credentials never."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from msgspec import Struct

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.api.requests import plain
from chalicelib.carriers import CARRIERS
from chalicelib.core import tokens
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.deals.crm import CRMS
from chalicelib.registry import store
from chalicelib.registry.types import Answering, Endpoint, Site
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

SHARED_SECRET = ("secret",)  # what signatures are checked by where the vendor's module does not say


class NewEndpoint(Struct):
    """Body of POST …/endpoints."""

    kind: Literal["carrier", "crm"]
    vendor: str
    credentials: dict[str, str] = {}
    target_number: str | None = None
    record: bool = False
    time_zone: str | None = None
    answering: Answering = Answering()


class ChangedEndpoint(Struct):
    """Body of PATCH …/endpoints/{endpoint_id}. The rest is in the URL: for another, make a new endpoint."""

    credentials: dict[str, str]


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's endpoints. POST: make one (201); the answer's `url` goes to the carrier or the CRM."""
    site = site_of(request, site_id)
    if request.method == "GET":
        return {"endpoints": [shown(endpoint) for endpoint in store.endpoints_of(site_id)]}
    endpoint, url = open_endpoint(site, decode(request.body, NewEndpoint))
    return Answer(shown(endpoint) | {"url": url}, 201)


def item(request: Request, site_id: str, endpoint_id: str) -> Any:
    """PATCH: other credentials, as a vendor's secret is renewed; they count within a minute.

    DELETE: events that reach the endpoint's URL are refused from now on (204).
    """
    site_of(request, site_id)
    if request.method == "DELETE":
        store.close_endpoint(site_id, endpoint_id)
        return Answer("", 204)
    return shown(renew_credentials(site_id, endpoint_id, decode(request.body, ChangedEndpoint).credentials))


def renew_credentials(site_id: str, endpoint_id: str, credentials: dict[str, str]) -> Endpoint:
    """Change an endpoint's credentials: those given; the others stay, an empty one is removed.

    Raises NotFound, and BadInput naming what the vendor needs.
    """
    endpoint = store.endpoint_in_use(site_id, endpoint_id)
    vendor = import_module((CARRIERS if endpoint.kind == "carrier" else CRMS)[endpoint.vendor])
    kept = _credentials(endpoint.vendor, endpoint.credentials | credentials, vendor)
    return store.change_credentials(site_id, endpoint_id, kept)


def open_endpoint(site: Site, body: NewEndpoint) -> tuple[Endpoint, str]:
    """Store a new endpoint; answers it and its URL. Raises BadInput naming the field."""
    vendors = CARRIERS if body.kind == "carrier" else CRMS
    vendor = import_module(vendors[validators.one_of(body.vendor, "vendor", vendors)])
    endpoint = Endpoint(
        endpoint_id=tokens.random_id("e"),
        site_id=site.site_id,
        kind=body.kind,
        vendor=body.vendor,
        credentials=_credentials(body.vendor, body.credentials, vendor),
        target_number=_target(body, site.country),
        record=body.record,
        time_zone=None if body.time_zone is None else validators.time_zone(body.time_zone, "time_zone"),
        answering=_answering(body, vendor),
    )
    stored, secret = store.create_endpoint(endpoint)
    path = "carriers" if stored.kind == "carrier" else "crm"
    return stored, f"{settings().public_url}/v1/{path}/{stored.vendor}/{secret}"


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """Return the endpoint as the API shows it."""
    answer: dict[str, Any] = plain(endpoint)
    del answer["credentials"]
    return answer


def _credentials(name: str, given: dict[str, str], vendor: ModuleType) -> dict[str, str]:
    """Return the credentials the vendor needs and takes, nothing else: what is not needed is not kept."""
    needed = getattr(vendor, "CREDENTIALS", SHARED_SECRET)
    optional = getattr(vendor, "OPTIONAL_CREDENTIALS", ())
    for each in needed:
        if not given.get(each):
            raise BadInput(f"credentials.{each}", f"{name} needs it")
    return {each: given[each] for each in (*needed, *optional) if given.get(each)}


def _answering(body: NewEndpoint, vendor: ModuleType) -> Answering:
    """How the endpoint's calls are put through. What the vendor's answer cannot do must not be taken for done."""
    asked, default = validators.answering(body.answering, "answering"), Answering()
    can = getattr(vendor, "ANSWERING", ())
    for each in Answering.__struct_fields__:
        spoken = each == "language" and ("whisper" in can or "announcement" in can)
        if getattr(asked, each) != getattr(default, each) and each not in can and not spoken:
            raise BadInput(f"answering.{each}", f"{body.vendor} does not take it from our answer")
    return asked


def _target(body: NewEndpoint, country: str) -> str | None:
    """Where a carrier's calls go when all else fails; a carrier without one could not connect them."""
    if body.kind == "crm":
        return None
    if not body.target_number:
        raise BadInput("target_number", "a carrier's endpoint needs one: calls go there when all else fails")
    return validators.phone(body.target_number, "target_number", country)
