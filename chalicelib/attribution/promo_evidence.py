"""Evidence of a call whose caller keyed a promo code: the code names a page view, and counts before the called number.

Why the code counts more than the number, and what a slip can do: docs/adr/0015-promo-codes.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from chalicelib.calls.evidence import Evidence, EvidenceKind
from chalicelib.calls.types import Call, Direction, KeyedCode
from chalicelib.visits import find_promo_code
from chalicelib.visits.classify_source import arrival_of
from chalicelib.visits.find_promo_code import ShownCode
from chalicelib.visits.types import Touch

TouchesOf = Callable[[str, datetime], tuple[Touch, ...]]


def with_code(number: Evidence, call: Call, known: Evidence | None, touches_of: TouchesOf) -> Evidence:
    """Return the evidence of the last keyed code that a visitor was shown, else the number's own.

    `known` is the call's evidence so far: a code's evidence outlives the code itself. `touches_of` returns a visitor's
    touches up to a moment. Raises StorageUnavailable.
    """
    if call.direction is Direction.OUT:
        return number
    for keyed in reversed(call.promo_codes):
        shown = find_promo_code.find(call.site_id, keyed.code, keyed.at)
        if shown:
            return _evidence(number, call, keyed, shown, touches_of)
    if known and known.kind is EvidenceKind.PROMO and call.promo_codes:
        return replace(known, by_number=number)
    return number


def _evidence(number: Evidence, call: Call, keyed: KeyedCode, shown: ShownCode, touches_of: TouchesOf) -> Evidence:
    agrees = number.visitor == shown.visitor
    why = f"The caller keyed the promo code that this visitor was shown at {shown.shown_at:%Y-%m-%d %H:%M} UTC."
    if number.visitor and not agrees:
        why += " By the called number it would have been another visitor, but a code is keyed on purpose."
    page = Touch(shown.shown_at, shown.url, "", "", arrival_of(shown.url, "", ()).source)
    # A page may be opened during the call: what brought the caller there is a touch up to the code, not to the call.
    return Evidence(
        EvidenceKind.PROMO,
        why,
        pool_id=number.pool_id,
        campaign_id=number.campaign_id,
        visitor=shown.visitor,
        leased_at=number.leased_at if agrees else None,
        expires_at=number.expires_at if agrees else None,
        touches=touches_of(shown.visitor, max(call.started_at, keyed.at)),
        promo_page=page,
        by_number=number,
    )
