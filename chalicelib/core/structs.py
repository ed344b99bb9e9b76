"""Values are frozen msgspec structs: in a cold start one takes a twentieth of the time of a dataclass.

As dataclasses, each of which writes and compiles six methods, the types a public function imports were a sixth of its
cold start. `msgspec.structs.replace` gives a changed copy.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


def defaults_of(shape: type[Struct]) -> dict[str, Any]:
    """Return the defaults of a type's fields by name, without the fields that have none."""
    defaults = shape.__struct_defaults__
    return dict(zip(shape.__struct_fields__[len(shape.__struct_fields__) - len(defaults) :], defaults, strict=True))
