"""What callers key on their telephones: promo codes are kept, nothing else. Pure.

A caller may key the number of his card or of his telephone. So of all that carriers tell of keys only a code is stored,
seven to nine digits with a right check digit, and never single keys, of which anything could be put together. The one
key of a menu is none either. Whether a code was ever shown to anybody, attribution finds out.
"""

from __future__ import annotations

from chalicelib.visits import promo_code

VARIABLE = "promo_code"  # of a PBX that calls it that among the variables of a call


def code_in(keys: str | int | None) -> str | None:
    """The promo code in a row of keys as a carrier tells it, `*` and `#` included; None where there is none."""
    return promo_code.read(str(keys)[:200]) if keys else None
