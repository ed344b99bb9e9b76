"""Values are frozen structs of msgspec's: a cold start makes one in a twentieth of the time a dataclass takes.

That is what decides it: the types a public function imports were a sixth of its cold start as dataclasses, each of
which writes and compiles six methods. `msgspec.structs.replace` gives a changed copy.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


def defaults_of(shape: type[Struct]) -> dict[str, Any]:
    """What the fields of a type are where nothing is said of them, by name; those that must be told are left out."""
    defaults = shape.__struct_defaults__
    return dict(zip(shape.__struct_fields__[len(shape.__struct_fields__) - len(defaults) :], defaults, strict=True))
