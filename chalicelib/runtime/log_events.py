"""The events of the log with their levels and meanings. Functions do not import this: docs/logs.md is written from it.

`info` reports what was done, `warning` what was refused, lost or put off while the service went on, `error` a failure
that a person has to look at. `python -m infra.log_page` writes the page; a test compares both with the code.
"""

from __future__ import annotations

INFO: dict[str, str] = {
    # lending
    "number_lent": "A visitor was lent a number; `trips`: requests to DynamoDB that it took.",
    "number_renewed": "A visitor keeps the number that was lent.",
    "number_overflow": "No number was free, or (`refused`) none for this address: the page shows the overflow number.",
    "number_original": "The page keeps its own number; `why` says for what reason.",
    "number_released": "A visitor left; `released`: whether the lease was still theirs.",
    "promo_shown": "A visitor was shown a promo code; `again`: the one they had.",
    "numbers_imported": "Tracking numbers were imported: rows, how many changed something, how many were refused.",
    "number_state": "A number's state was changed; `retired`: whether its slot was closed with that.",
    "census": "The leases of all pools were counted.",
    "hold_learned": "A pool's hold was changed, in seconds, to what its visits show.",
    "delays_learned": "A pool has a new profile of the delays between visit and call.",
    "slots_closed": "Slots of numbers that are no longer active, left open by a crash, were closed.",
    "slots_mended": "Slots that a crash or a race had left otherwise than the directory says were put right.",
    "quarantine_ended": "A number is lent again; `strays`: wrong calls that it had in quarantine.",
    # calls
    "call_event": "A carrier's webhook was stored.",
    "call_attributed": "A call has evidence of this kind, or none.",
    "calls_looked_at_again": "Later calls of a caller were queued again, since an earlier one changed.",
    "call_closed": "A call whose end never came was closed.",
    "calls_closed": "How many calls were closed in a run.",
    "self_reported_noted": "What a caller said brought them was noted or taken back.",
    "file_imported": "A file dropped into the bucket was read; `error`: why not. Its result is in `drop-results/`.",
    # recordings
    "recording_stored": "A recording was fetched into the bucket.",
    "recording_dropped": "A recording is not fetched: its call has been erased.",
    "recordings_erased": "A call's recordings were deleted.",
    "carriers_copy": "What became of the carrier's own copy of a recording.",
    "transcript_started": "A transcription was ordered, or its state says why not.",
    "transcript_read": "A transcript was stored.",
    "transcript_dropped": "A transcription ended whose call, recording or job no longer exists.",
    # contacts and deals
    "event_recorded": "A page's event was put where the log says, to be taken in.",
    "contact": "A form, a chat or another contact was stored; `new`: for the first time.",
    "contact_dropped": "A page's event was not taken in: no such site, or its site does not admit the page.",
    "outcomes": "A CRM sent deals; `landed`: those that changed something.",
    "deal": "A deal was stored; `joined_by`: the rule that joined it to what it comes from.",
    "deal_decided": "A person joined a deal or took it apart.",
    # deliveries
    "delivered": "A destination has a call; `held_back`: it was left out of a storm of alerts.",
    "not_delivered": "A call is not delivered: its caller has been erased.",
    # facts and reports
    "days_closed": "How many changed days were rebuilt, and how many could not be.",
    "day_kept": "A day changed whose calls have expired: its facts stay as they are.",
    "day_proved": "A day's evidence has a new link in the chain of proofs.",
    "reports_built": "How many report files were written, and for how many sites they could not be.",
    "report_frozen": "A report of a closed period was kept beside the newer one.",
    # privacy
    "person_erased": "A person was erased; `complete`: nothing is left for the next run.",
    "calls_forgotten": "How many calls were redacted since their site keeps them no longer.",
    # queues
    "message_postponed": "A message cannot be handled yet and stays in its queue.",
}

WARNING: dict[str, str] = {
    "refused": "An HTTP request was refused with `status`; `field` names what was wrong with it.",
    "lease_ignored": "A page named a lease of another visitor or (`forged`) one that is not ours; it was not used.",
    "touch_lost": "What brought a visitor could not be stored; the visitor got a number or a code all the same.",
    "history_not_moved": "Ended leases could not be moved to the history; a later write tries again.",
    "overflow_not_counted": "A count of shown overflow numbers could not be written; it is tried again.",
    "overflow_visitors_lost": "The sample of who was shown an overflow number could not be written.",
    "client_failed": "An AWS client could not be made.",
    "route_unreadable": "Where a call goes could not be read: its caller went to the number in the webhook's URL.",
    "event_kept": "Storage was down: a carrier's event was put where `where` says; `log`: sealed in this very line.",
    "event_unread": "A carrier's event has a field that this version cannot read; the event is kept as it came.",
    "kept_event_dropped": "A kept event was not taken in: its endpoint is closed or its signature does not match.",
    "kept_event_unsealed": "A kept event could not be sealed; it was kept unsealed, in encrypted storage.",
    "profile_unreadable": "A pool's delay profile could not be read; the general one was used.",
    "call_not_counted": "A call has its evidence but is missing in a statistic.",
    "recording_not_fetched": "A recording could not be fetched; `state` says whether it is tried again.",
    "delivery_failed": "A destination did not take a call; it is tried again.",
    "message_not_postponed": "A message comes back sooner than it was meant to.",
}

ERROR: dict[str, str] = {
    "failed": "A bug: an HTTP request was answered 500; `where` names file, line and function.",
    "message_failed": "A message could not be handled; it comes back and, in the end, waits in the dead letters.",
    "caller_unreadable": "A caller's number was sealed with another signing key; the call counts as withheld.",
    "day_failed": "A day's facts could not be rebuilt; the next run tries again.",
    "site_report_failed": "A site's reports could not be built; the next run tries again.",
    "erasure_failed": "A person could not be erased; the next run tries again.",
    "retention_failed": "A site's callers could not be forgotten in time; the next run tries again.",
}

LEVELS = {"error": ERROR, "warning": WARNING, "info": INFO}
