"""What an operator asked a caller: noted with the call, beside what was measured of it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table, changed_days_table, self_reported_words
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.runtime import log

MOST_TOLD = 2000  # characters of an answer as it is sent
TRIES = 3  # an erasure may come between reading and writing


def note(site_id: str, call_id: str, text: str | None, now: datetime) -> SelfReported | None:
    """Note an answer in place of the one before; an empty one takes it away. Answers what is kept.

    Of a caller who was erased the words are not kept, only the channel they stand for. Raises NotFound, BadInput for
    a text that is too long, StorageUnavailable.
    """
    if len(text or "") > MOST_TOLD:
        raise BadInput("self_reported", f"longer than {MOST_TOLD} characters")
    for _ in range(TRIES):
        item = calls_table.item(site_id, call_id)
        if item is None:
            raise NotFound("No such call of this site.")
        kept = self_reported_words.told(text, now)
        if kept and call_item.is_nameless(item):
            kept = replace(kept, answer=None)
        if calls_table.put_self_reported(item, kept):
            changed_days_table.mark_all(site_id, [call_item.day_of(item)])
            log.event("answer_noted", site_id=site_id, call_id=call_id, channel=kept.channel if kept else None)
            return kept
    raise StorageUnavailable("The call is being erased. Try again.")
