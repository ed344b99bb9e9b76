"""What a deal may keep of its customer's answer to what brought him."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.calls import answer_digest, callers
from chalicelib.deals.types import Deal
from chalicelib.runtime.settings import settings


def kept(deal: Deal, known: Deal | None) -> Deal:
    """A deal with what may be kept of its answer: of a customer who was erased, not his words.

    `known` is the deal as it was stored. Raises StorageUnavailable.
    """
    if deal.self_reported is None or known is None or not _was_erased(known):
        return deal
    salt = answer_digest.salt_of(deal.site_id, settings().signing_key)
    return replace(deal, self_reported=answer_digest.wordless(deal.self_reported, salt))


def _was_erased(deal: Deal) -> bool:
    if deal.self_reported and deal.self_reported.answer is None:
        return True
    return bool(deal.caller_key) and not callers.subjects_by_id(deal.site_id, [deal.caller_key or ""])
