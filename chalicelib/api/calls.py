"""Calls with the evidence of their origin and the credit a model gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.api.requests import day_of, page, page_of, plain
from chalicelib.api.rulebooks import read_rulebook
from chalicelib.attribution import note_self_reported
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.attribution.self_reported_answer import (
    SelfReportedByCall,
    self_reported_by_call,
    self_reported_of,
    shown_kind,
)
from chalicelib.calls import call_item, callers, calls_table
from chalicelib.calls.evidence import AttributedCall, EvidenceKind, as_builtins
from chalicelib.calls.fold import fold
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.types import Call, CallEvent, Direction
from chalicelib.core.errors import NotFound
from chalicelib.core.json_body import decode
from chalicelib.deals import deals_table
from chalicelib.recordings.recording_links import whole_recordings
from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request


class Note(Struct):
    """Body of PATCH …/calls/{call_id}."""

    self_reported: str | None


def collection(request: Request, site_id: str) -> Any:
    """GET: the calls of one day of the site's zone (argument `day`; else today), by start, a page at a time.

    With `unmatched=true` only those that no number of the site can be found for.
    """
    site = site_of(request, site_id)
    limit, after = page_of(request)
    day, model, rulebook = day_of(request, site), _model(request, site), read_rulebook(site)
    wanted = is_unmatched if validators.flag(request.argument("unmatched"), "unmatched") else _any
    answers = self_reported_by_call(deals_table.deals_of_day(site_id, day))
    calls = sorted(filter(wanted, calls_table.calls_of_day(site_id, day)), key=_key)
    rest = [attributed for attributed in calls if after is None or _key(attributed) > after]
    phones = callers.open_callers([attributed.call for attributed in rest[:limit]])
    shown = page(
        "calls", rest, limit, _key, lambda attributed: _line(attributed, site, model, rulebook, phones, answers)
    )
    return {"day": day.isoformat(), "model": model} | shown


def item(request: Request, site_id: str, call_id: str) -> Any:
    """GET: one call with its events, the lease and touches behind it, and their credit.

    PATCH: note what the caller said brought them, or with null that nothing is known of it.
    """
    site = site_of(request, site_id)
    if request.method == "PATCH":
        return {"call_id": call_id} | noted(site, call_id, decode(request.body, Note).self_reported, request.now)
    model = _model(request, site)
    found = calls_table.item(site_id, call_id)
    if found is None:
        raise NotFound("No such call of this site.")
    record = call_item.record_of(found)
    attributed = call_item.attributed_of(found)
    call = attributed.call if attributed else fold(record)
    phones = callers.open_callers([call])
    if attributed is None:  # attribution has not come to it yet
        answer = _call(call, phones) | {"day": None, "evidence": None, "credit": [], "self_reported": None}
    else:
        answers = self_reported_by_call(deals_table.deals_of_day(site_id, attributed.day))
        line = _line(attributed, site, model, read_rulebook(site), phones, answers)
        kind = line["evidence"]["kind"]
        answer = line | {"evidence": as_builtins(attributed.evidence) | {"kind": kind}}
    phones_of_events = callers.open_callers_of_events(record)
    events = [{"received_at": received, **_event(event, phones_of_events)} for received, event in record.events]
    recordings = whole_recordings(call_item.recordings_of(found), call_item.transcripts_of(found))
    return answer | {"model": model, "events": events, "recordings": recordings}


def noted(site: Site, call_id: str, text: str | None, now: datetime) -> dict[str, Any]:
    """Note an answer with a call. Return {"self_reported": how it is kept and read}. Raises NotFound, BadInput."""
    return {
        "self_reported": shown_self_reported(
            note_self_reported.note(site.site_id, call_id, text, now), read_rulebook(site)
        )
    }


def shown_self_reported(reported: SelfReported | None, rulebook: Rulebook) -> dict[str, Any] | None:
    """Return an answer as it is shown: the words, what they are counted as, and when they were noted."""
    if reported is None:
        return None
    return {
        "answer": reported.answer,
        "channel": rulebook.read_self_reported(reported),
        "told_at": plain(reported.told_at),
    }


def is_unmatched(attributed: AttributedCall) -> bool:
    """Whether a customer's call has no number of the site: none was reported, or it is not one of the site's now."""
    evidence = attributed.evidence
    without_place = evidence.first_kind is EvidenceKind.UNKNOWN and evidence.pool_id is None
    return without_place and attributed.call.direction is Direction.IN


def _any(attributed: AttributedCall) -> bool:
    return True


def _line(
    attributed: AttributedCall,
    site: Site,
    model: str,
    rulebook: Rulebook,
    phones: Mapping[str, str | None],
    answers: SelfReportedByCall,
) -> dict[str, Any]:
    answer = self_reported_of(attributed, answers)
    evidence: dict[str, Any] = as_builtins(attributed.evidence) | {"kind": shown_kind(attributed, answer)}
    for whole in (evidence, *evidence["by_number"]):
        for held in (whole, *whole["candidates"], *whole["earlier"]):
            held["touches"] = len(held["touches"])
    credit = [plain(part) for part in credit_of(attributed, site, rulebook, model)]
    states = [{"recording_id": each.recording_id, "state": each.state} for each in attributed.recordings]
    shown = {"day": attributed.day.isoformat(), "evidence": evidence, "credit": credit, "recordings": states}
    more = {"self_reported": shown_self_reported(answer, rulebook), "unmatched": is_unmatched(attributed)}
    return _call(attributed.call, phones) | shown | more


def _call(call: Call, phones: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the call as its account may see it: with the caller's number out of `phones`, and without our keys."""
    shown: dict[str, Any] = plain(call)
    del shown["caller_key"], shown["caller_sealed"]
    return shown | {"caller": phones[call.call_id], "answered": call.answered}


def _event(event: CallEvent, phones: Mapping[str, str | None]) -> dict[str, Any]:
    shown: dict[str, Any] = plain(event)
    return shown | {"caller": phones.get(event.caller) if event.caller else None}


def _key(attributed: AttributedCall) -> str:
    return f"{call_item.millis(attributed.call.started_at):015d}|{attributed.call.call_id}"


def _model(request: Request, site: Site) -> str:
    return validators.model(request.argument("model") or site.model, "model")
