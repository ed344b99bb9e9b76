"""Who a telephone number is, without its digits: a caller (data subject) with a random id and a key of their own.

Everything counts and matches by the id. The digits, sealed under the key, are opened only here, and no longer once the
caller is erased: what was sealed for them cannot be read any more, and all that was counted stays counted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib.calls import call_item, callers_table
from chalicelib.calls.callers_table import CallerRow
from chalicelib.calls.events_table import CALL_DAYS
from chalicelib.calls.fold import CallRecord
from chalicelib.calls.types import Call, Caller
from chalicelib.core import encryption
from chalicelib.core.errors import StorageUnavailable
from chalicelib.core.phone import PhoneNumber
from chalicelib.runtime import log
from chalicelib.runtime.settings import settings

REFRESH_SECONDS = 30 * 86_400  # an expiry moves in steps of this: a call a day does not write every day


class KnownCaller(Struct, frozen=True):
    """A person as the service knows them: a random pseudonym, and the key of what is sealed for them."""

    site_id: str
    subject_id: str  # 32 hex digits
    key: bytes

    def __repr__(self) -> str:
        """Show no key."""
        return f"Subject({self.site_id!r}, {self.subject_id!r})"

    def seal(self, plain: str, context: str) -> str:
        """Seal `plain` under the caller's key; it opens only in `context`."""
        return encryption.seal(encryption.SUBJECT, plain.encode(), key=self.key, context=context)

    def unseal(self, text: str, context: str) -> str | None:
        """Return what `seal` was given; None for anything else."""
        plain = encryption.unseal(encryption.SUBJECT, text, key=self.key, context=context)
        return plain.decode() if plain is not None else None


def caller_of(site_id: str, phone: str, seen_at: datetime, keep_days: int = CALL_DAYS) -> KnownCaller:
    """Return the caller of an E.164 number, made where there is none, kept for `keep_days` after they were last seen.

    Raises StorageUnavailable.
    """
    hashed, expires = _hash(site_id, phone), int(seen_at.timestamp()) + keep_days * 86_400 + REFRESH_SECONDS
    row = callers_table.find(site_id, hashed)
    if row is None:
        new = _new_row(site_id, hashed, expires)
        row = new if callers_table.create(new) else callers_table.find(site_id, hashed)
        if row is None:  # another process made them and a third erased them at the same moment: the task comes again
            raise StorageUnavailable("The caller's subject is being changed. Try again.")
    elif row.expires < expires - REFRESH_SECONDS:
        callers_table.put_off_expiry(CallerRow(site_id, hashed, row.subject_id, row.key, expires))
    return _subject(site_id, row.subject_id, row.key)


def find_caller(site_id: str, phone: str) -> KnownCaller | None:
    """Return the caller of an E.164 number, or None where it has none. Raises StorageUnavailable."""
    row = callers_table.find(site_id, _hash(site_id, phone))
    return _subject(site_id, row.subject_id, row.key) if row else None


def forget(site_id: str, subject_id: str) -> bool:
    """Delete a caller: nothing that is sealed for them opens any more. False where they are deleted already.

    Raises StorageUnavailable.
    """
    return callers_table.delete(site_id, subject_id)


def callers_by_id(site_id: str, subject_ids: Iterable[str]) -> dict[str, KnownCaller]:
    """Return those of the callers that are still known, by id. Raises StorageUnavailable."""
    found = callers_table.sealed_keys(site_id, subject_ids)
    return {subject_id: _subject(site_id, subject_id, key) for subject_id, key in found.items()}


def settle(item: call_item.Item, seen_at: datetime, keep_days: int = CALL_DAYS) -> dict[str, str]:
    """Return what attribution writes beside a call's evidence: its callers under their own keys, by attribute.

    An event that intake has sealed names its caller by subject id from then on, and the number itself is stored once a
    call. Of a caller who was erased nothing more is kept. Raises StorageUnavailable.
    """
    if call_item.is_nameless(item):
        return call_item.nameless_events(item)
    record = call_item.record_of(item)
    context = encryption.context_of_call(record.site_id, record.call_id)
    known: dict[str, KnownCaller] = {}
    settled: dict[str, str] = {}
    for name, caller in call_item.callers_at_intake(item).items():
        phone = encryption.open_from_intake(caller, signing_key=settings().signing_key, context=context)
        if phone is None:  # sealed with another signing key: the call counts as withheld, and nothing is lost
            log.error("caller_unreadable", site_id=record.site_id, call_id=record.call_id)
            continue
        if phone not in known:
            known[phone] = caller_of(record.site_id, phone, seen_at, keep_days)
        subject = known[phone]
        settled[name] = call_item.with_caller(item[name]["S"], subject.subject_id)
        kept = call_item.caller_text(PhoneNumber(phone).masked, subject.seal(phone, context))
        settled[call_item.CALLER + subject.subject_id] = kept
    return settled


def open_caller(call: Call) -> str | None:
    """Return the caller's E.164: the only way to it. None where withheld or erased. Raises StorageUnavailable."""
    return open_callers([call])[call.call_id]


def open_callers(calls: Sequence[Call]) -> dict[str, str | None]:
    """Return the E.164 of the callers of several calls of one site by call id; a hundred callers cost one request."""
    known = _known(calls[0].site_id, (call.caller for call in calls)) if calls else {}
    return {
        call.call_id: _open(call.caller, encryption.context_of_call(call.site_id, call.call_id), known)
        for call in calls
    }


def open_callers_of_events(record: CallRecord) -> dict[str, str | None]:
    """Return the E.164 of the callers of one call's events, by what the events call them."""
    known = _known(record.site_id, record.callers.values())
    context = encryption.context_of_call(record.site_id, record.call_id)
    return {name: _open(caller, context, known) for name, caller in record.callers.items()}


def _known(site_id: str, callers: Iterable[Caller]) -> dict[str, KnownCaller]:
    sealed = {caller.key for caller in callers if caller.key and caller.sealed}
    return callers_by_id(site_id, sealed) if sealed else {}


def _open(caller: Caller, context: str, known: Mapping[str, KnownCaller]) -> str | None:
    if caller.sealed is None:
        return None
    if caller.key is None:  # attribution has not processed it yet
        return encryption.open_from_intake(caller.sealed, signing_key=settings().signing_key, context=context)
    subject = known.get(caller.key)
    return subject.unseal(caller.sealed, context) if subject else None


def _new_row(site_id: str, hashed: str, expires: int) -> CallerRow:
    subject_id, key = secrets.token_hex(16), secrets.token_bytes(encryption.KEY_BYTES)
    sealed = encryption.seal(encryption.SUBJECT_KEY, key, key=_wrapping_key(), context=f"{site_id}#{subject_id}")
    return CallerRow(site_id, hashed, subject_id, sealed, expires)


def _subject(site_id: str, subject_id: str, sealed: str) -> KnownCaller:
    key = encryption.unseal(encryption.SUBJECT_KEY, sealed, key=_wrapping_key(), context=f"{site_id}#{subject_id}")
    if key is None:
        raise StorageUnavailable("A subject's key was sealed with another signing key.")
    return KnownCaller(site_id, subject_id, key)


def _wrapping_key() -> bytes:
    return encryption.derive(settings().signing_key, "subject keys")


def _hash(site_id: str, phone: str) -> str:
    """Return the hash that finds a number's caller, keyed by the site too: a person is unrelated on two sites."""
    return PhoneNumber(phone).keyed_hash(encryption.derive(settings().signing_key, f"phones of {site_id}"))
