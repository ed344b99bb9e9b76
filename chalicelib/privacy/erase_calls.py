"""Redact a call's item: remove the person who made it, or a visitor it names. No other module does so.

It removes the encrypted number and its mask, links to recordings, variables of the carrier, the words of the
self-reported source, and of the evidence what calls/redaction.py names. The pseudonym stays, and with it every count
and every join; so does a digest of each value removed, so that the proof of the day stays valid.
"""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.audit import leaves
from chalicelib.calls import call_item, calls_table, changed_days_table, self_reported_digest
from chalicelib.calls.redaction import redacted
from chalicelib.core.errors import StorageUnavailable
from chalicelib.privacy import parts_of_call
from chalicelib.privacy.types import Erasure
from chalicelib.runtime.settings import settings

TRIES = 5  # an event or another erasure may change the item between read and write


def erase_person(item: call_item.Item, erasure: Erasure) -> bool:
    """Remove the caller and all visitors from a call; False where none was left. Raises StorageUnavailable."""
    gone = call_item.is_nameless(item) and not call_item.mentions_caller(item)
    if not gone or erasure.passed:  # at the second look for what was on its way to the call at the first
        for _, part in parts_of_call():
            part.erase_of_call(item)
    if not gone:
        _rewrite(item, erasure, None)
    changed_days_table.mark_all(
        erasure.site_id, [call_item.day_of(item)]
    )  # even where nothing was left: who died did not get here
    return not gone


def erase_visitors(item: call_item.Item, erasure: Erasure, visitors: Collection[str]) -> None:
    """Remove some visitors from a call's evidence; its caller stays. Raises StorageUnavailable."""
    _rewrite(item, erasure, visitors)
    changed_days_table.mark_all(erasure.site_id, [call_item.day_of(item)])


def _rewrite(item: call_item.Item, erasure: Erasure, visitors: Collection[str] | None) -> None:
    found: call_item.Item | None = item
    for _ in range(TRIES):
        if found is None or calls_table.redact(found, *_redaction(found, erasure, visitors), erasure.erasure_id):
            return
        found = calls_table.item(*call_item.ids_of(item))
    raise StorageUnavailable("A call changed all the while it was to be erased. Try again.")


def _redaction(
    item: call_item.Item, erasure: Erasure, visitors: Collection[str] | None
) -> tuple[dict[str, str], list[str]]:
    """Return what to write and what to remove: with `visitors` None everybody."""
    salt = self_reported_digest.salt_of(erasure.site_id, settings().signing_key)
    written, removed = {leaves.PERSONAL: leaves.digests_to_keep(item, salt)}, []
    if visitors is None:
        written |= call_item.nameless_events(item) | call_item.wordless(item) | {call_item.NAMELESS: erasure.erasure_id}
        removed = [name for name in item if name.startswith(call_item.CALLER)]
    if "evidence" in item and call_item.erasure_of(item) != erasure.erasure_id:  # an alias has no alias
        evidence = call_item.evidence_of(item["evidence"]["S"])
        written["evidence"] = call_item.evidence_text(redacted(evidence, erasure.alias, visitors))
    return written, removed
