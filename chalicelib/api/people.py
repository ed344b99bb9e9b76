"""A person's own rights: to be forgotten, and to learn what is kept of them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.privacy import erase_person as erasing
from chalicelib.privacy import export_person as exporting
from chalicelib.privacy import find_person
from chalicelib.privacy.types import Person
from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request
from chalicelib.visits.request_types import VisitorId


class Who(Struct):
    """Body of …/erase and …/export: one of the two. A body, because addresses end up in logs."""

    phone: str | None = None
    visitor_id: Annotated[VisitorId, Meta(min_length=1)] | None = None


def erase(request: Request, site_id: str) -> Any:
    """POST: forget a person; answers what was taken away. Counts, joins and figures stay."""
    site = site_of(request, site_id)
    done = erasing.erase(_person(site, decode(request.body, Who)), request.now)
    return {"erasure_id": done.erasure_id, "removed": done.removed, "complete": done.complete}


def export(request: Request, site_id: str) -> Any:
    """POST: everything that is known of a person."""
    site = site_of(request, site_id)
    return exporting.export(_person(site, decode(request.body, Who)))


def _person(site: Site, who: Who) -> Person:
    if who.phone and not who.visitor_id:
        return find_person.by_phone(site.site_id, validators.phone(who.phone, "phone", site.country))
    if who.visitor_id and not who.phone:
        return find_person.by_visitor(site.site_id, who.visitor_id)
    raise BadInput("phone", "say either phone or visitor_id")
