"""What DynamoDB charges: item sizes by its documented rules, units by size, dollars by unit (on demand, us-east-1)."""

from __future__ import annotations

import math
from typing import Any

DOLLARS_PER_MILLION_WRITES = 0.625
DOLLARS_PER_MILLION_READS = 0.125
WRITE_BYTES, READ_BYTES = 1024, 4096
KEY_WRITES, KEY_READS = 1000.0, 3000.0  # units per second that one partition key bears


def item_size(item: dict[str, dict[str, Any]]) -> int:
    """Bytes of an item in DynamoDB's JSON: names and values, as billed."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(size: int) -> int:
    """Units of a write that leaves, replaces or is refused by an item of this size."""
    return max(math.ceil(size / WRITE_BYTES), 1)


def read_units(size: int) -> float:
    """Units of an eventually consistent read of so many bytes."""
    return max(math.ceil(size / READ_BYTES), 1) / 2


def dollars(writes: float, reads: float) -> float:
    """The price of so many units."""
    return (writes * DOLLARS_PER_MILLION_WRITES + reads * DOLLARS_PER_MILLION_READS) / 1e6


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return _number_size(content)
        case "L":
            return 3 + sum(1 + _value_size(element) for element in content)
    raise ValueError(f"the pool stores no {kind}")


def _number_size(digits: str) -> int:
    """One byte per two significant digits, and one more; trailing zeros do not count."""
    return math.ceil(len(digits.strip("-").strip("0")) / 2) + 1
