"""What callers key on their telephones: promo codes are stored, nothing else. Pure.

A caller may key the number of a bank card or of a telephone. So of all the keys that carriers report only a code is
stored, seven to nine digits with a right check digit, and never single keys, from which a number could be put together.
The one key of a menu is no code either. Whether a code was ever shown, attribution finds out.
"""

from __future__ import annotations

from chalicelib.visits import promo_code

VARIABLE = "promo_code"  # the name of a call's variable in which a PBX may send the code


def code_in(keys: str | int | None) -> str | None:
    """Return the promo code in the keys a carrier reports, `*` and `#` included; None if there is none."""
    return promo_code.read(str(keys)[:200]) if keys else None
