"""Deals with what they come from and why; taken apart, or joined to something else, by hand."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from msgspec import Meta, Struct

from chalicelib.api.auth import site_of
from chalicelib.api.requests import day_of, page, page_of, plain
from chalicelib.contacts import contacts_table
from chalicelib.contacts.types import Contact
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.json_body import decode
from chalicelib.deals import deals_table, explain_join, find_origins, join_deals
from chalicelib.deals.join_rules import Origin
from chalicelib.deals.types import Deal, Decision
from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request

Id = Annotated[str, Meta(min_length=1, max_length=300)]


class Join(Struct):
    """Body of …/join: one of the two, or neither: by the rules again."""

    call_id: Id | None = None
    contact_id: Id | None = None


def collection(request: Request, site_id: str) -> Any:
    """GET: the deals that count on one day of the site's zone (argument `day`; else today), a page at a time."""
    site = site_of(request, site_id)
    limit, after = page_of(request)
    day = day_of(request, site)
    deals = sorted(deals_table.deals_of_day(site_id, day), key=_key)
    rest = [deal for deal in deals if after is None or _key(deal) > after]
    return {"day": day.isoformat()} | page("deals", rest, limit, _key, _shown)


def item(request: Request, site_id: str, source: str, external_id: str) -> Any:
    """GET: one deal, why it comes from where it does, and what else it might have come from."""
    site = site_of(request, site_id)
    return explained(site, _deal(site, source, external_id))


def take_apart(request: Request, site_id: str, source: str, external_id: str) -> Any:
    """POST: it comes from nothing that is known; what is reported later does not change that."""
    site = site_of(request, site_id)
    return explained(site, join_deals.decide(site, _deal(site, source, external_id), Decision(request.now)))


def join_by_hand(request: Request, site_id: str, source: str, external_id: str) -> Any:
    """POST: it comes from the call or contact named, for good; with neither, from what the rules say."""
    site = site_of(request, site_id)
    join = decode(request.body or b"{}", Join)
    if join.call_id and join.contact_id:
        raise BadInput("contact_id", "say either call_id or contact_id")
    decided = Decision(request.now, join.call_id, join.contact_id) if join.call_id or join.contact_id else None
    return explained(site, join_deals.decide(site, _deal(site, source, external_id), decided))


def explained(site: Site, deal: Deal) -> dict[str, Any]:
    """Return a deal with the sentence that explains it, its contact, and what else it might have come from."""
    found = find_origins.all_of(site, deal)
    own = find_origins.of_deal(site, deal)
    story = explain_join.explain_join(deal, [own, *found] if own else found, site.zone)
    contact = contacts_table.get(site.site_id, deal.contact_id) if deal.contact_id else None
    others = [_origin(each.origin) | {"says": each.says} for each in story.others]
    return _shown(deal) | {"says": story.says, "contact": _contact(contact) if contact else None, "others": others}


def _shown(deal: Deal) -> dict[str, Any]:
    """Return the deal as its account may see it: without our keys."""
    shown: dict[str, Any] = plain(deal)
    del shown["caller_key"]
    return shown


def _contact(contact: Contact) -> dict[str, Any]:
    shown: dict[str, Any] = plain(contact)
    del shown["caller_key"], shown["site_id"]
    return shown


def _origin(origin: Origin) -> dict[str, Any]:
    shown: dict[str, Any] = plain(origin)
    del shown["caller_key"]
    return {name: value for name, value in shown.items() if value is not None}


def _deal(site: Site, source: str, external_id: str) -> Deal:
    found = deals_table.deal(site.site_id, unquote(source), unquote(external_id))
    if found is None:
        raise NotFound("No such deal of this site.")
    return found


def _key(deal: Deal) -> str:
    return f"{deal.source}#{deal.external_id}"
