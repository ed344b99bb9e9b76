"""Calls with the evidence of their origin and the credit a model gives."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.attribution import store as attribution_store
from chalicelib.attribution import stored
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.merge import fold
from chalicelib.attribution.models import MODELS
from chalicelib.attribution.types import AttributedCall, Call
from chalicelib.errors import BadInput, NotFound
from chalicelib.http import Request
from chalicelib.manage import checks
from chalicelib.manage.auth import site_of
from chalicelib.manage.bodies import page, page_of, plain
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, Site
from chalicelib.settings import settings


def collection(request: Request, site_id: str) -> Any:
    """GET: the calls of one day of the site's zone (argument `day`; else today), by start, a page at a time."""
    site = site_of(request, site_id)
    limit, after = page_of(request)
    day, model, campaigns = _day(request, site), _model(request, site), store.campaigns_of(site_id)
    calls = sorted(attribution_store.calls_of_day(site_id, day), key=_key)
    rest = [attributed for attributed in calls if after is None or _key(attributed) > after]
    shown = page("calls", rest, limit, _key, lambda attributed: _line(attributed, model, campaigns))
    return {"day": day.isoformat(), "model": model} | shown


def item(request: Request, site_id: str, call_id: str) -> Any:
    """GET: one call with its events, the lease and touches behind it, and their credit."""
    site = site_of(request, site_id)
    model = _model(request, site)
    found = attribution_store.item(site_id, call_id)
    if found is None:
        raise NotFound("No such call of this site.")
    record = stored.record_of(found)
    attributed = stored.attributed_of(found, settings().signing_key)
    if attributed is None:  # attribution has not come to it yet
        answer = _call(fold(record, settings().signing_key)) | {"day": None, "evidence": None, "credit": []}
    else:
        answer = _line(attributed, model, store.campaigns_of(site_id)) | {"evidence": plain(attributed.evidence)}
    events = [{"received_at": received, **plain(event)} for received, event in record.events]
    return answer | {"model": model, "events": events}


def _line(attributed: AttributedCall, model: str, campaigns: tuple[Campaign, ...]) -> dict[str, Any]:
    evidence: dict[str, Any] = plain(attributed.evidence)
    touches = evidence.pop("touches")
    credit = [plain(part) for part in credit_of(attributed, model, campaigns)]
    shown = {"day": attributed.day.isoformat(), "evidence": evidence | {"touches": len(touches)}, "credit": credit}
    return _call(attributed.call) | shown


def _call(call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = plain(call)
    del shown["caller_key"]  # ours, for matching
    return shown | {"answered": call.answered}


def _key(attributed: AttributedCall) -> str:
    return f"{stored.millis(attributed.call.started_at):015d}|{attributed.call.call_id}"


def _day(request: Request, site: Site) -> date:
    told = request.argument("day")
    if told is None:
        return request.now.astimezone(ZoneInfo(site.time_zone)).date()
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise BadInput("day", "not a date such as 2026-11-22") from None


def _model(request: Request, site: Site) -> str:
    return checks.one_of(request.argument("model") or site.model, "model", MODELS)
