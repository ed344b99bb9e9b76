"""Calls with the evidence of their origin and the credit a model gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.attribution import store as attribution_store
from chalicelib.attribution import stored, subjects
from chalicelib.attribution.book import Book
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.merge import fold
from chalicelib.attribution.recordings.show import whole_recordings
from chalicelib.attribution.types import AttributedCall, Call, CallEvent, Direction, EvidenceKind
from chalicelib.errors import NotFound
from chalicelib.http import Request
from chalicelib.manage import checks
from chalicelib.manage.auth import site_of
from chalicelib.manage.bodies import day_of, page, page_of, plain
from chalicelib.manage.books import book_of
from chalicelib.registry.types import Site


def collection(request: Request, site_id: str) -> Any:
    """GET: the calls of one day of the site's zone (argument `day`; else today), by start, a page at a time.

    With `unmatched=true` only those that no number of the site can be found for.
    """
    site = site_of(request, site_id)
    limit, after = page_of(request)
    day, model, book = day_of(request, site), _model(request, site), book_of(site)
    wanted = is_unmatched if checks.flag(request.argument("unmatched"), "unmatched") else _any
    calls = sorted(filter(wanted, attribution_store.calls_of_day(site_id, day)), key=_key)
    rest = [attributed for attributed in calls if after is None or _key(attributed) > after]
    callers = subjects.open_callers([attributed.call for attributed in rest[:limit]])
    shown = page("calls", rest, limit, _key, lambda attributed: _line(attributed, site, model, book, callers))
    return {"day": day.isoformat(), "model": model} | shown


def item(request: Request, site_id: str, call_id: str) -> Any:
    """GET: one call with its events, the lease and touches behind it, and their credit."""
    site = site_of(request, site_id)
    model = _model(request, site)
    found = attribution_store.item(site_id, call_id)
    if found is None:
        raise NotFound("No such call of this site.")
    record = stored.record_of(found)
    attributed = stored.attributed_of(found)
    call = attributed.call if attributed else fold(record)
    callers = subjects.open_callers([call])
    if attributed is None:  # attribution has not come to it yet
        answer = _call(call, callers) | {"day": None, "evidence": None, "credit": []}
    else:
        line = _line(attributed, site, model, book_of(site), callers)
        answer = line | {"evidence": plain(attributed.evidence)}
    told = subjects.open_callers_of_events(record)
    events = [{"received_at": received, **_event(event, told)} for received, event in record.events]
    recordings = whole_recordings(stored.recordings_of(found), stored.transcripts_of(found))
    return answer | {"model": model, "events": events, "recordings": recordings}


def is_unmatched(attributed: AttributedCall) -> bool:
    """Whether a customer's call has no number of the site: none was told, or it is not (any more) one of the site's."""
    evidence = attributed.evidence
    without_place = evidence.told_by_itself is EvidenceKind.UNKNOWN and evidence.pool_id is None
    return without_place and attributed.call.direction is Direction.IN


def _any(attributed: AttributedCall) -> bool:
    return True


def _line(
    attributed: AttributedCall,
    site: Site,
    model: str,
    book: Book,
    callers: Mapping[str, str | None],
) -> dict[str, Any]:
    evidence: dict[str, Any] = plain(attributed.evidence)
    for held in (evidence, *evidence["candidates"], *evidence["earlier"]):
        held["touches"] = len(held["touches"])
    credit = [plain(part) for part in credit_of(attributed, site, book, model)]
    states = [{"recording_id": each.recording_id, "state": each.state} for each in attributed.recordings]
    shown = {"day": attributed.day.isoformat(), "evidence": evidence, "credit": credit, "recordings": states}
    return _call(attributed.call, callers) | shown | {"unmatched": is_unmatched(attributed)}


def _call(call: Call, callers: Mapping[str, str | None]) -> dict[str, Any]:
    """The call as its account may see it: with the caller's number, by call id in `callers`, and without our keys."""
    shown: dict[str, Any] = plain(call)
    del shown["caller_key"], shown["caller_sealed"]
    return shown | {"caller": callers[call.call_id], "answered": call.answered}


def _event(event: CallEvent, callers: Mapping[str, str | None]) -> dict[str, Any]:
    shown: dict[str, Any] = plain(event)
    return shown | {"caller": callers.get(event.caller) if event.caller else None}


def _key(attributed: AttributedCall) -> str:
    return f"{stored.millis(attributed.call.started_at):015d}|{attributed.call.call_id}"


def _model(request: Request, site: Site) -> str:
    return checks.model(request.argument("model") or site.model, "model")
