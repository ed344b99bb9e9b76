"""Tracking numbers in storage: each belongs to one place at a time, over all accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from chalicelib.errors import Conflict, NotFound, StorageUnavailable
from chalicelib.phone import PhoneNumber
from chalicelib.registry import layout, table
from chalicelib.registry.publish import publish
from chalicelib.registry.table import Entry, Transaction
from chalicelib.registry.types import NumberState, TrackingNumber

Placed = tuple[int, TrackingNumber]  # position in the list that was given

TOGETHER = 50  # numbers a transaction: two items each, and a transaction holds 100


def put_numbers(site_id: str, numbers: Sequence[TrackingNumber]) -> None:
    """Write numbers of one site and republish it. The same placement again is fine; an archived number is free.

    Raises NotFound, or Conflict (field `numbers[i]`) before anything is written where a number stands in another
    place. A race with another import can still raise it later: then what comes before the position has landed.
    """
    if table.item(layout.SITES, site_id) is None:
        raise NotFound("No such site.")
    changed = _changed(numbers, placed(number.number for number in numbers))
    try:
        for start in range(0, len(changed), TOGETHER):
            _write(changed[start : start + TOGETHER])
    finally:
        publish(site_id)


def placed(numbers: Iterable[str]) -> dict[str, TrackingNumber]:
    """Those of `numbers` (E.164) that belong to somebody, whatever the site, with their places."""
    found = table.items((layout.number_pk(number), "NUMBER") for number in numbers)
    values = (table.value_of(entry, TrackingNumber) for entry in found)
    return {value.number: value for value in values}


def same_place(one: TrackingNumber, other: TrackingNumber) -> bool:
    """Whether two records put a number into the same place; state, label and target may differ."""
    return layout.place_of(one) == layout.place_of(other)


def numbers_of(site_id: str) -> tuple[TrackingNumber, ...]:
    """All numbers of a site, by number."""
    return table.values(layout.site_pk(site_id), "NUMBER#", TrackingNumber)


def numbers_page(site_id: str, limit: int, after: str | None) -> tuple[TrackingNumber, ...]:
    """At most `limit` numbers of a site that come after `after` (E.164), by number."""
    found = table.listing(layout.site_pk(site_id), "NUMBER#", limit=limit, after=after)
    return tuple(table.value_of(entry, TrackingNumber) for entry in found)


def number_of_site(site_id: str, number: str) -> TrackingNumber | None:
    """One number (E.164), or None where it is not this site's."""
    found = table.read(layout.number_pk(number), "NUMBER", TrackingNumber)
    return found if found is not None and found.site_id == site_id else None


def change_number(
    site_id: str, number: str, changes: Mapping[str, Any], *, only_in: NumberState | None = None
) -> TrackingNumber:
    """Replace a number's state, label or target and republish its site.

    Raises NotFound, and Conflict where the number is not `only_in` this state.
    """
    for _ in range(table.TRIES):
        stands = number_of_site(site_id, number)
        if stands is None:
            raise NotFound("No such number of this site.")
        if only_in not in (None, stands.state):
            raise Conflict("The number's state has changed.")
        changed = replace(stands, **changes)
        if not table.commit(lambda transaction: add_writes(transaction, changed, over=stands)):  # noqa: B023 - called at once
            publish(site_id)
            return changed
    raise StorageUnavailable("The number is being changed. Try again.")


def add_writes(transaction: Transaction, number: TrackingNumber, *, over: TrackingNumber | None = None) -> None:
    """Two writes: who owns the number, conditional; and its line in the site's list.

    `over` is the record it must replace; without it the number must be free or in the same place already.
    """
    place = layout.place_of(number)
    free = Entry.place.does_not_exist() | (Entry.place == place)
    condition = free if over is None else Entry.doc == layout.encode(over)
    held = None if number.state is NumberState.ARCHIVED else place
    transaction.save(table.entry(layout.number_pk(number.number), "NUMBER", number, place=held), condition=condition)
    transaction.save(table.entry(layout.site_pk(number.site_id), f"NUMBER#{number.number}", number))


def _changed(numbers: Sequence[TrackingNumber], known: dict[str, TrackingNumber]) -> list[Placed]:
    """Those that differ from what stands, each once. Raises Conflict for the first that stands elsewhere."""
    changed: dict[str, Placed] = {}
    for position, number in enumerate(numbers):
        stands = changed[number.number][1] if number.number in changed else known.get(number.number)
        if stands is not None and stands.state is not NumberState.ARCHIVED and not same_place(stands, number):
            raise _elsewhere(position, number)
        if number != stands:
            changed[number.number] = (position, number)
    return list(changed.values())


def _write(numbers: Sequence[Placed]) -> None:
    def fill(transaction: Transaction) -> None:
        for _, number in numbers:
            add_writes(transaction, number)

    for item in table.commit(fill):
        raise _elsewhere(*numbers[item // 2])


def _elsewhere(position: int, number: TrackingNumber) -> Conflict:
    masked = PhoneNumber(number.number).masked
    return Conflict(f"numbers[{position}]: {masked} belongs to another place", field=f"numbers[{position}]")
