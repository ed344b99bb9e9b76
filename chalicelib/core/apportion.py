"""Parts of a whole that sum to exactly 1, in the eight digits that the facts hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

ONE = Decimal(1)
STEP = Decimal("0.00000001")


def apportion(amounts: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Return the share of each amount in their sum; amounts that are all 0 share equally.

    What rounding leaves goes to the largest remainders, of equal ones to the later.
    Raises ValueError for a negative amount, or none.
    """
    if not amounts or min(amounts) < 0:
        raise ValueError("nothing to share, or less than nothing")
    total = sum(amounts, Decimal(0))
    exact = [amount / total for amount in amounts] if total else [ONE / len(amounts)] * len(amounts)
    shares = [share.quantize(STEP, ROUND_DOWN) for share in exact]
    left = int((ONE - sum(shares)) / STEP)
    if left:
        order = sorted(range(len(shares)), key=lambda index: (exact[index] - shares[index], index), reverse=True)
        for index in order[:left]:
            shares[index] += STEP
    return tuple(ONE if share == ONE else share for share in shares)
