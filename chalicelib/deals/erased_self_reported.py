"""Which part of a self-reported source a deal may keep once its customer is erased."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.calls import callers, self_reported_digest
from chalicelib.deals.types import Deal
from chalicelib.runtime.settings import settings


def without_erased_words(deal: Deal, known: Deal | None) -> Deal:
    """Return the deal, without the words of its answer if the customer was erased: the channel and a digest stay.

    `known` is the deal as it is stored. Raises StorageUnavailable.
    """
    if deal.self_reported is None or known is None or not _was_erased(known):
        return deal
    salt = self_reported_digest.salt_of(deal.site_id, settings().signing_key)
    return replace(deal, self_reported=self_reported_digest.wordless(deal.self_reported, salt))


def _was_erased(deal: Deal) -> bool:
    if deal.self_reported and deal.self_reported.answer is None:
        return True
    return bool(deal.caller_key) and not callers.callers_by_id(deal.site_id, [deal.caller_key or ""])
