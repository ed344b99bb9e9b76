"""Note what a caller says brought them with the call, beside what was measured of it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table, changed_days_table, self_reported_words
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.runtime import log

MAX_CHARACTERS = 2000  # of an answer as it is sent
TRIES = 3  # an erasure may come between reading and writing


def note(site_id: str, call_id: str, text: str | None, now: datetime) -> SelfReported | None:
    """Note an answer in place of the one before and return it as stored; an empty one removes it (None).

    For an erased caller only the channel is stored, not the words. Raises NotFound, BadInput for a text that is too
    long, StorageUnavailable.
    """
    if len(text or "") > MAX_CHARACTERS:
        raise BadInput("self_reported", f"longer than {MAX_CHARACTERS} characters")
    for _ in range(TRIES):
        item = calls_table.item(site_id, call_id)
        if item is None:
            raise NotFound("No such call of this site.")
        reported = self_reported_words.parse(text, now)
        if reported and call_item.is_nameless(item):
            reported = replace(reported, answer=None)
        if calls_table.put_self_reported(item, reported):
            changed_days_table.mark_all(site_id, [call_item.day_of(item)])
            log.event(
                "self_reported_noted", site_id=site_id, call_id=call_id, channel=reported.channel if reported else None
            )
            return reported
    raise StorageUnavailable("The call is being erased. Try again.")
