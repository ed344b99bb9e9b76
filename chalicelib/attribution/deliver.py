"""Tell the account's other systems about a finished call, each of them once."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from chalicelib import log, tracing
from chalicelib.attribution import outbox, store, subjects
from chalicelib.attribution.books import book_of
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.destinations import Delivery, DeliveryFailed, destination
from chalicelib.attribution.outbox import Claim
from chalicelib.attribution.recordings.show import shown_recordings
from chalicelib.attribution.types import AttributedCall, Direction, Evidence
from chalicelib.errors import NotFound
from chalicelib.registry import snapshot
from chalicelib.registry.types import Destination, Site


def deliver(message: dict[str, Any], now: datetime) -> None:
    """Deliver a call to every destination of its site that does not have it yet. `message` is {"site_id", "call_id"}.

    With a "recording_id" it says that this recording is stored now: for the destinations whose option `recordings` is
    "yes", which get the payload once more with "recording", its id.
    One destination's failure does not keep the call from the others. Raises DeliveryFailed afterwards, so that the
    queue tries again; NotFound, StorageUnavailable.
    """
    site_id, call_id = message["site_id"], message["call_id"]
    tracing.annotate(site=site_id)
    site, attributed = snapshot.site_by_id(site_id, now), store.call(site_id, call_id)
    if site is None or attributed is None:
        raise NotFound("No such call." if site else "No such site.")
    if attributed.call.caller.erased:
        log.event("not_delivered", site_id=site_id, call_id=call_id, reason="erased")
        return
    if attributed.call.ended_at is None:  # it was passed on while this waited; its real end queues it again
        return
    news = message.get("recording_id")
    asked = [each for each in site.destinations if news is None or each.options.get("recordings") == "yes"]
    failed = [each.kind for each in asked if not _deliver_to(each, site, attributed, now, news)]
    if failed:
        raise DeliveryFailed(f"Not delivered: {', '.join(failed)}.")


def payload(attributed: AttributedCall, site: Site, now: datetime) -> dict[str, Any]:
    """{"call", "evidence", "source", "recordings"}, and "alert": "missed" where a customer got nobody.

    `source` is the winner. The caller's number is opened here: null where it was withheld or is erased.
    """
    credits = credit_of(attributed, site, book_of(site, now))
    call = attributed.call
    told = {
        "call": {name: value for name, value in asdict(call).items() if name != "caller_sealed"}
        | {"caller": subjects.open_caller(call), "variables": dict(call.variables)}
        | {"answered": call.answered, "day": str(attributed.day)},
        "evidence": asdict(_brief(attributed.evidence)),
        "source": asdict(max(credits, key=lambda credit: credit.weight).source),
        "recordings": shown_recordings(attributed.recordings, attributed.transcripts),
    }
    missed = call.direction is Direction.IN and not call.answered
    return told | {"alert": "missed"} if missed else told


def _brief(evidence: Evidence) -> Evidence:
    """The evidence without other people's touches: those of candidates and earlier calls stay with us."""
    return replace(evidence, earlier=(), candidates=tuple(replace(each, touches=()) for each in evidence.candidates))


def _deliver_to(place: Destination, site: Site, attributed: AttributedCall, now: datetime, news: str | None) -> bool:
    """Send once, and once more for each recording that is `news`; True where the destination has it now."""
    delivery_id = f"{site.site_id}#{attributed.call.call_id}#{destination_name(place)}" + (f"#{news}" if news else "")
    found = outbox.claim(delivery_id, now)
    if found is not Claim.MINE:
        return found is Claim.DELIVERED
    try:
        told = payload(attributed, site, now)
        told = {name: part for name, part in told.items() if name != "alert"} | {"recording": news} if news else told
        destination(place.kind).send(Delivery(delivery_id, told, now), place.options)
    except DeliveryFailed as error:
        outbox.give_back(delivery_id)
        log.event("delivery_failed", site_id=site.site_id, destination=place.kind, reason=str(error))
        return False
    outbox.mark_delivered(delivery_id, now)
    log.event("delivered", site_id=site.site_id, call_id=attributed.call.call_id, destination=place.kind)
    return True


def destination_name(place: Destination) -> str:
    """The destination's own name: its kind, and what tells it from another of the same kind."""
    told = "&".join(f"{name}={value}" for name, value in sorted(place.options.items()) if name != "secret")
    return f"{place.kind}-{sha256(told.encode()).hexdigest()[:12]}"
