"""Find what the called number says about a call's source."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from msgspec.structs import replace

from chalicelib.attribution import possible_callers
from chalicelib.attribution.possible_callers import Found
from chalicelib.attribution.repeat_rules import own_evidence
from chalicelib.calls.evidence import AttributedCall, Evidence, EvidenceKind
from chalicelib.calls.types import Call, Direction
from chalicelib.pool.lending.find_holder import LEASES_KEPT, LEASES_REMEMBERED
from chalicelib.registry import snapshot
from chalicelib.registry.types import NumberKind, Site
from chalicelib.visits.touches import touches_before
from chalicelib.visits.types import Touch

CANDIDATES_FIXED_AFTER = timedelta(days=1)


FORGOTTEN = "The call is older than the 90 days for which it is kept who held a number."


def find_evidence(call: Call, site: Site, now: datetime) -> Found:
    """Find the evidence of the called number: whose it was when the call came.

    Who held it is known for LEASES_KEPT before `now`. Raises StorageUnavailable.
    """
    owner = snapshot.owner_at(call.number, call.started_at, now) if call.number else None
    if call.number is None:
        return Found(Evidence(EvidenceKind.UNKNOWN, "The carrier did not say which number was called."))
    if owner is None or owner.site_id != site.site_id:
        return Found(Evidence(EvidenceKind.UNKNOWN, "The number is not one of this site's tracking numbers."))
    if call.direction is Direction.OUT:
        return Found(Evidence(EvidenceKind.UNKNOWN, "The business rang: such a call has no source.", owner.pool_id))
    if owner.kind is NumberKind.STATIC:
        return Found(Evidence(EvidenceKind.STATIC, "The number belongs to one source.", campaign_id=owner.campaign_id))

    if owner.kind is NumberKind.DYNAMIC and now - call.started_at > LEASES_KEPT:
        return Found(
            Evidence(EvidenceKind.UNKNOWN, FORGOTTEN, owner.pool_id)
        )  # its slot may be another number's by now

    @cache
    def touches_of(visitor: str) -> tuple[Touch, ...]:
        return touches_before(site, visitor, call.started_at)

    find = possible_callers.of_overflow if owner.kind is NumberKind.OVERFLOW else possible_callers.of_leases
    return find(call, site, owner, now, touches_of)


def evidence_of_number(call: Call, site: Site, before: AttributedCall | None, now: datetime) -> Found:
    """Return the number's evidence: found now, or the stored one where what it was found by is being forgotten."""
    if before is None:
        return _or_forgotten(find_evidence(call, site, now), call, now)
    known, age = own_evidence(before.evidence).of_number, now - call.started_at
    same = (before.call.number, before.call.started_at) == (call.number, call.started_at)
    if (known.candidates or before.evidence.redial_of) and same and age > CANDIDATES_FIXED_AFTER:
        # Who was shown an overflow number is forgotten soon, and a profile learned since must not change the shares.
        return Found(known)
    found = find_evidence(call, site, now)
    # Leases are forgotten after 90 days: an event that comes so late must not wipe out what was known.
    late = age > LEASES_REMEMBERED and found.evidence.kind is EvidenceKind.UNKNOWN
    return Found(known) if late else found


def _or_forgotten(found: Found, call: Call, now: datetime) -> Found:
    """Say so in the evidence of a call that becomes known after its number's leases were forgotten."""
    evidence = found.evidence
    nobody = evidence.kind is EvidenceKind.UNKNOWN and evidence.pool_id and call.direction is Direction.IN
    if nobody and now - call.started_at > LEASES_REMEMBERED:
        return found._replace(evidence=replace(evidence, why=FORGOTTEN))
    return found
