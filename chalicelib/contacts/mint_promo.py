"""Show a visitor a promo code, and queue its first showing like any other event of the page."""

from __future__ import annotations

from typing import Any

from chalicelib.contacts import record_event, take_promo
from chalicelib.contacts.record_event import QueuedEvent
from chalicelib.contacts.types import ContactKind
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import log
from chalicelib.runtime.http import Request
from chalicelib.visits import promo_table


def show(request: Request, site_key: str) -> dict[str, Any]:
    """Return the answer of take_promo.mint. If the page asks again, its showing is still queued once.

    Raises what take_promo.mint raises; then no code is kept whose showing was not queued.
    """
    minted = take_promo.mint(request, site_key)
    shown = minted.taken.shown if minted.taken and minted.taken.new else None
    if shown is None:
        return minted.answer
    queued = QueuedEvent(
        site_key=site_key,
        visitor_id=minted.visitor_id,
        kind=ContactKind.PROMO_SHOWN,
        url=shown.url,
        at=shown.shown_at,
        received_at=request.now,
        code=shown.code,
        form="",
        phone="",
        welcome=True,
        origin=request.header("origin"),
        crawler=False,
    )
    try:
        log.event("event_recorded", type=queued.kind, where=record_event.put(queued))
    except StorageUnavailable:
        promo_table.forget(minted.site_id, shown.code, shown.visitor)  # if the page asks again, it is made again
        raise
    return minted.answer
