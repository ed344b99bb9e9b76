"""Sites: what an account's website is, and how its calls are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from chalicelib.api import validators
from chalicelib.api.auth import account_of, key_of, site_of
from chalicelib.api.destinations import checked_destinations, shown_destination
from chalicelib.api.recompute_days import asked_days, recompute
from chalicelib.api.requests import Name, Seconds, checked, given, plain
from chalicelib.core import tokens
from chalicelib.core.errors import BadInput
from chalicelib.registry import store
from chalicelib.registry.types import MOST_DAYS_OF_PERSONS, MOST_PROMO_DAYS, Destination, RepeatRule, Site, SwapRule
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

# What the facts of a day rest on: the model decides whose threshold makes a call a target call.
COUNTED_BY = ("model", "lookback_days", "repeat_rule", "share_credit", "target_talk_seconds")


class SiteChange(Struct, kw_only=True):
    """Body of PATCH /v1/manage/sites/{site_id}: any of the fields."""

    name: Name | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    allowed_origins: list[str] | UnsetType = UNSET
    swap: list[SwapRule] | UnsetType = UNSET
    model: str | UnsetType = UNSET
    lookback_days: Annotated[int, Meta(ge=1, le=400)] | UnsetType = UNSET
    repeat_rule: RepeatRule | UnsetType = UNSET
    share_credit: bool | UnsetType = UNSET
    call_grace_seconds: Seconds | UnsetType = UNSET
    target_talk_seconds: Seconds | UnsetType = UNSET
    destinations: list[Destination] | UnsetType = UNSET
    delete_carrier_recordings: bool | UnsetType = UNSET
    transcripts: bool | UnsetType = UNSET
    language: str | UnsetType | None = UNSET
    phrases: list[str] | UnsetType = UNSET
    promo_days: Annotated[int, Meta(ge=1, le=MOST_PROMO_DAYS)] | UnsetType = UNSET
    retention_days: Annotated[int, Meta(ge=1, le=MOST_DAYS_OF_PERSONS)] | UnsetType | None = UNSET


class NewSite(SiteChange, kw_only=True):
    """Body of POST /v1/manage/sites. The operator names the account."""

    name: Name
    time_zone: str
    currency: str
    country: str
    account_id: str | None = None


def collection(request: Request) -> Any:
    """GET: the sites of the key's account (the operator's: of all, or of `account_id`). POST: add one (201)."""
    key = key_of(request)
    if request.method == "POST":
        fields = given(request, NewSite)
        account_id = account_of(key, fields.pop("account_id"))
        if account_id is None:
            raise BadInput("account_id", "the operator must say whose site it is")
        return Answer(shown(open_site(account_id, fields)), 201)
    asked = account_of(key, request.argument("account_id"))
    sites = store.all_sites() if asked is None else store.sites_of(asked)
    return {"sites": [shown(site) for site in sites]}


def item(request: Request, site_id: str) -> Any:
    """GET: one site with its snippet. PATCH: change the fields given, and recount days where they count calls."""
    site = site_of(request, site_id)
    if request.method == "GET":
        return shown(site)
    fields, back = _checked(given(request, SiteChange), site.country), asked_days(request)
    changed = store.update_site(site_id, fields)
    counted = any(getattr(changed, field) != getattr(site, field) for field in COUNTED_BY)
    recompute([changed], back if counted else 0, request.now)
    return shown(changed)


def rotate_key(request: Request, site_id: str) -> Any:
    """POST: the site with its new publishable key."""
    site_of(request, site_id)
    return shown(store.rotate_site_key(site_id))


def open_site(account_id: str, fields: dict[str, Any]) -> Site:
    """Store a new site of an account. Raises BadInput naming the field, NotFound for the account."""
    good = _checked(fields, "")
    required = {name: good.pop(name) for name in ("name", "time_zone", "currency", "country")}
    site = Site(
        site_id=tokens.random_id("s"),
        account_id=account_id,
        site_key=store.new_site_key(),
        allowed_origins=good.pop("allowed_origins", ()),
        **required,
    )
    return store.create_site(replace(site, **good))


def shown(site: Site) -> dict[str, Any]:
    """Return the site as the API shows it: without the secrets of its destinations, with the tag its pages include."""
    answer: dict[str, Any] = plain(site)
    answer["destinations"] = [shown_destination(destination) for destination in site.destinations]
    return answer | {"snippet": snippet_tag(site)}


def snippet_tag(site: Site) -> str:
    """Return the HTML a website includes."""
    return f'<script async src="{settings().public_url}/v1/sites/{site.site_key}/snippet.js"></script>'


def _checked(fields: dict[str, Any], country: str) -> dict[str, Any]:
    from chalicelib.recordings.transcripts.languages import LANGUAGES

    home = validators.country(fields["country"], "country") if "country" in fields else country
    by_field: dict[str, Callable[[Any, str], Any]] = {
        "time_zone": validators.time_zone,
        "currency": validators.currency,
        "country": validators.country,
        "allowed_origins": validators.origins,
        "swap": lambda rules, field: _swap(rules, field, home),
        "model": validators.model,
        "destinations": checked_destinations,
        "language": lambda code, field: None if code is None else validators.one_of(code, field, LANGUAGES),
        "phrases": validators.phrases,
    }
    return checked(fields, by_field)


def _swap(rules: list[SwapRule], field: str, country: str) -> tuple[SwapRule, ...]:
    return tuple(_rule(rule, f"{field}[{place}]", country) for place, rule in enumerate(rules))


def _rule(rule: SwapRule, field: str, country: str) -> SwapRule:
    if not rule.number and not rule.selector:
        raise BadInput(field, "names neither a number nor a selector")
    number = validators.phone(rule.number, f"{field}.number", country) if rule.number else None
    return replace(rule, number=number)
