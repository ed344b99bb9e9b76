"""What was measured of calls against what their callers said brought them. Pure.

Neither corrects the other: figures stay as they were measured, and this says how far they can be what people remember.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.calls.self_reported_words import NOT_ADVERTISED, agrees
from chalicelib.core.money import percent, round_half_up
from chalicelib.visits.channels import CHANNELS

ZERO = Decimal(0)
ADVERTISED = frozenset({"paid_search", "paid_social", "display", "classifieds", "offline", "other_paid"})


class Cell(Struct, frozen=True):
    """How many calls were measured as one channel and reported as another; parts of calls where credit is shared."""

    measured: str  # channel; that of a deal without a call is its own
    reported: str  # channel, or `other`
    count: Decimal

    @property
    def agree(self) -> bool | None:
        """None where there are not two things to compare."""
        return agrees(self.reported, self.measured)


class Comparison(Struct, frozen=True):
    """A period's answers beside what was measured, most first."""

    cells: tuple[Cell, ...]
    calls: int  # incoming, asked or not
    asked: int  # of them, those with an answer
    deals_alone: int  # deals without a call that have an answer: they stand in the table, too
    others: tuple[tuple[str, int], ...] = ()  # the commonest answers that name no channel, and how often

    @property
    def measured(self) -> tuple[str, ...]:
        """The channels measured, most answers first."""
        return self._ordered("measured")

    @property
    def reported(self) -> tuple[str, ...]:
        """Return the self-reported channels, most answers first."""
        return self._ordered("reported")

    @property
    def asked_percent(self) -> Decimal | None:
        """asked / calls × 100."""
        return percent(self.asked, self.calls)

    @property
    def compared(self) -> Decimal:
        """The answers that name a channel and whose call has a measured one."""
        return _sum(cell for cell in self.cells if cell.agree is not None)

    @property
    def agreeing(self) -> Decimal:
        """Of those, the answers that can be what was measured."""
        return _sum(cell for cell in self.cells if cell.agree)

    @property
    def agreement_percent(self) -> Decimal | None:
        """agreeing / compared × 100."""
        return percent(self.agreeing, self.compared)

    @property
    def not_advertised(self) -> Decimal:
        """The answers that no advertisement can claim: word of mouth, and who had been a customer."""
        return _sum(cell for cell in self.cells if cell.reported in NOT_ADVERTISED)

    @property
    def claimed(self) -> Decimal:
        """Of those, the calls that are measured as brought by advertising all the same."""
        return _sum(cell for cell in self.cells if cell.reported in NOT_ADVERTISED and is_advertised(cell.measured))

    def count(self, measured: str | None = None, reported: str | None = None) -> Decimal:
        """Return the answers of a row, a column, or one field of the table."""
        return _sum(
            cell for cell in self.cells if measured in (None, cell.measured) and reported in (None, cell.reported)
        )

    def agreement(self, measured: str, reported: str) -> bool | None:
        """Whether a field's two sides agree."""
        return agrees(reported, measured)

    def _ordered(self, side: str) -> tuple[str, ...]:
        names = dict.fromkeys(getattr(cell, side) for cell in self.cells)
        return tuple(sorted(names, key=lambda name: (-self.count(**{side: name}), name)))


def is_advertised(channel: str) -> bool:
    """Whether somebody is paid for what comes by a channel; an account's own channels are its campaigns'."""
    return channel in ADVERTISED or channel not in CHANNELS


def most_first(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the fields of the table, most answers first."""
    counted = (replace(cell, count=_count(cell.count)) for cell in cells)
    return tuple(sorted(counted, key=lambda cell: (-cell.count, cell.measured, cell.reported)))


def _sum(cells: Iterable[Cell]) -> Decimal:
    return _count(sum((cell.count for cell in cells), ZERO))


def _count(value: Decimal) -> Decimal:
    """Whole where credit is not shared, else to two digits."""
    rounded = round_half_up(value, 2)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded
