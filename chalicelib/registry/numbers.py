"""Tracking numbers in storage: each has one assignment at a time, over all accounts, and its record holds past ones.

A record is only ever written over the version that was read: a decision based on a record writes nothing where that
record has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.core.phone import PhoneNumber
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.publish_snapshot import publish
from chalicelib.registry.types import NumberKind, NumberState, Ownership, Pool, Tenure, TrackingNumber

TOGETHER = 33  # numbers a transaction: three items each at most, and a transaction holds 100
CHANGING = "The numbers are being changed. Try again."


class Overtaken(Exception):
    """A record was changed after it had been read."""


class Change(NamedTuple):
    """A record to be written over another one; None where the number has none yet."""

    after: Ownership
    before: Ownership | None


def put_numbers(site_id: str, numbers: Sequence[TrackingNumber]) -> None:
    """Write new numbers of one site, or what changes of those it has, and republish it. The same again is fine.

    Raises NotFound, or Conflict (field `numbers[i]`) before anything is written where a number belongs elsewhere, even
    archived: see `move_numbers`. In a race with another import it may be raised later: what comes before is written.
    """
    for _ in range(directory_table.TRIES):
        try:
            return _put(site_id, numbers, ownerships(number.number for number in numbers), None)
        except Overtaken:
            continue
    raise StorageUnavailable(CHANGING)


def move_numbers(
    site_id: str, numbers: Sequence[TrackingNumber], known: Mapping[str, Ownership], now: datetime
) -> None:
    """Write numbers of one site over the records `known`; archived ones assigned elsewhere move here at `now`.

    The caller has decided by these records that nobody sees the archived ones any more. Raises what `put_numbers` does,
    and Overtaken where a record has changed since: what comes before is written, the rest is to be decided anew.
    """
    _put(site_id, numbers, known, now)


def ownerships(numbers: Iterable[str]) -> dict[str, Ownership]:
    """Return the records of those of `numbers` (E.164) that belong to somebody, on any site."""
    found = directory_table.items((keys.number_pk(number), "NUMBER") for number in dict.fromkeys(numbers))
    records = (_ownership(entry) for entry in found)
    return {record.owner.number: record for record in records}


def current_owners(numbers: Iterable[str]) -> dict[str, TrackingNumber]:
    """Return those of `numbers` (E.164) that belong to somebody, on any site, with their assignments."""
    return {number: record.owner for number, record in ownerships(numbers).items()}


def same_assignment(one: TrackingNumber, other: TrackingNumber) -> bool:
    """Return whether two records assign a number to the same; state, label and target may differ."""
    return keys.assignment_of(one) == keys.assignment_of(other)


def numbers_of(site_id: str) -> tuple[TrackingNumber, ...]:
    """Return all numbers of a site, by number."""
    return directory_table.values(keys.site_pk(site_id), "NUMBER#", TrackingNumber)


def numbers_page(site_id: str, limit: int, after: str | None) -> tuple[TrackingNumber, ...]:
    """Return at most `limit` numbers of a site that come after `after` (E.164), by number."""
    found = directory_table.listing(keys.site_pk(site_id), "NUMBER#", limit=limit, after=after)
    return tuple(directory_table.value_of(entry, TrackingNumber) for entry in found)


def number_of_site(site_id: str, number: str) -> TrackingNumber | None:
    """Return one number (E.164), or None where it is not this site's."""
    found = _record(number)
    return found.owner if found is not None and found.owner.site_id == site_id else None


def change_number(
    site_id: str, number: str, changes: Mapping[str, Any], *, only_in: NumberState | None = None
) -> TrackingNumber:
    """Replace a number's state, label or target and republish its site.

    Raises NotFound, and Conflict where the number is not `only_in` this state, or would be archived while its pool
    shows it to everybody.
    """
    for _ in range(directory_table.TRIES):
        record = _record(number)
        if record is None or record.owner.site_id != site_id:
            raise NotFound("No such number of this site.")
        if only_in not in (None, record.owner.state):
            raise Conflict("The number's state has changed.")
        changed = replace(record.owner, **changes)
        pool = _pool_without(changed) if changed.state is NumberState.ARCHIVED else None
        if not _commit([Change(record.changed(changed), record)], unchanged=pool):
            publish(site_id)
            return changed
    raise StorageUnavailable(CHANGING)


def let_go(number: str, pool_id: str, group: int, slot: int) -> bool:
    """Make every import that has read the number's record read it again, before a slot is freed.

    False where the number lives in the slot, or has no record. An archived number loses the slot.
    """
    for _ in range(directory_table.TRIES):
        record = _record(number)
        if record is None:
            return False
        lives_there = (record.owner.pool_id, record.owner.group, record.owner.slot) == (pool_id, group, slot)
        if lives_there and record.owner.state is not NumberState.ARCHIVED:
            return False
        owner = replace(record.owner, group=None, slot=None) if lives_there else record.owner
        if not _commit([Change(record.changed(owner), record)]):
            return True
    raise StorageUnavailable(CHANGING)


def add_writes(transaction: Transaction, change: Change) -> None:
    """Add two writes, or three: the record, conditional; the entry in the site's list; a last site's entry deleted."""
    number, before = change.after.owner, change.before
    past = keys.encode(change.after.past) if change.after.past else None
    record = directory_table.entry(
        keys.number_pk(number.number), "NUMBER", number, past=past, version=change.after.version
    )
    transaction.save(record, condition=_unchanged(before))
    transaction.save(directory_table.entry(keys.site_pk(number.site_id), f"NUMBER#{number.number}", number))
    if before is not None and before.owner.site_id != number.site_id:
        transaction.delete(directory_table.entry(keys.site_pk(before.owner.site_id), f"NUMBER#{number.number}"))


def claim_of(number: TrackingNumber) -> Change | None:
    """Return the change that claims a number for what it is assigned to; None where it belongs elsewhere."""
    record = _record(number.number)
    if record is None:
        return Change(Ownership(number, version=1), None)
    if not same_assignment(record.owner, number):
        return None
    return Change(record.changed(number if record.owner.state is NumberState.ARCHIVED else record.owner), record)


def _put(
    site_id: str, numbers: Sequence[TrackingNumber], known: Mapping[str, Ownership], moved_at: datetime | None
) -> None:
    if directory_table.item(keys.SITES, site_id) is None:
        raise NotFound("No such site.")
    changes = _changes(numbers, known, moved_at)
    try:
        for start in range(0, len(changes), TOGETHER):
            if _commit(changes[start : start + TOGETHER]):
                raise Overtaken
    finally:
        publish(site_id)


def _changes(
    numbers: Sequence[TrackingNumber], known: Mapping[str, Ownership], moved_at: datetime | None
) -> list[Change]:
    """Return what differs from the records, each number once. Raises Conflict for the first that belongs elsewhere."""
    changes: dict[str, Change] = {}
    for position, number in enumerate(numbers):
        before, listed = known.get(number.number), changes.get(number.number)
        current = listed.after if listed else before
        if current is None:
            changes[number.number] = Change(Ownership(number, version=1), None)
        elif same_assignment(current.owner, number):
            if listed:
                changes[number.number] = Change(replace(current, owner=number), before)
            elif number != current.owner:
                changes[number.number] = Change(current.changed(number), before)
        elif listed or moved_at is None or current.owner.state is not NumberState.ARCHIVED:
            raise _elsewhere(position, number)
        else:
            changes[number.number] = Change(current.moved(number, moved_at), before)
    return list(changes.values())


def _commit(changes: Sequence[Change], *, unchanged: Entry | None = None) -> tuple[int, ...]:
    """Write changes if all records and the item `unchanged` are as read; return the positions of those that are not."""

    def fill(transaction: Transaction) -> None:
        if unchanged is not None:
            same = Entry.doc == unchanged.doc
            transaction.condition_check(directory_table.entries(), unchanged.pk, unchanged.sk, condition=same)
        for change in changes:
            add_writes(transaction, change)

    return directory_table.commit(fill)


def _record(number: str) -> Ownership | None:
    found = directory_table.item(keys.number_pk(number), "NUMBER")
    return None if found is None else _ownership(found)


def _ownership(found: Entry) -> Ownership:
    owner = directory_table.value_of(found, TrackingNumber)
    past = keys.decode(bytes(found.past), tuple[Tenure, ...]) if found.past else ()
    return Ownership(owner, past, int(found.version or 0))


def _unchanged(before: Ownership | None) -> Any:
    if before is None:
        return Entry.pk.does_not_exist()
    return Entry.version == before.version if before.version else Entry.version.does_not_exist()


def _pool_without(number: TrackingNumber) -> Entry | None:
    """Return the pool of an overflow number. Raises Conflict where the pool still shows it."""
    if number.kind is not NumberKind.OVERFLOW or number.pool_id is None:
        return None
    found = directory_table.item(keys.POOLS, keys.pool_sk(number.site_id, number.pool_id))
    if found is not None and directory_table.value_of(found, Pool).overflow_number == number.number:
        raise Conflict(
            "state: it is its pool's overflow number: give the pool another one or none first", field="state"
        )
    return found


def _elsewhere(position: int, number: TrackingNumber) -> Conflict:
    masked = PhoneNumber(number.number).masked
    return Conflict(f"numbers[{position}]: {masked} belongs to another place", field=f"numbers[{position}]")
