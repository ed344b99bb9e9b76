"""Where finished calls are delivered. A new destination is one module beside this file and one row here.

Each module has one function: send(delivery, options) → None, which raises DeliveryFailed for anything but success.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

DESTINATIONS = {  # kind of a site's Destination → module, imported when first used
    "webhook": "chalicelib.attribution.destinations.webhook",
}


class DeliveryFailed(Exception):
    """The other side did not take the call; the queue tries again and gives up into the dead letters."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one destination is told of one call. `delivery_id` is the same at every try."""

    delivery_id: str
    payload: dict[str, Any]
    now: datetime


class DestinationModule(Protocol):
    """The face of a destination's module."""

    def send(self, delivery: Delivery, options: dict[str, str]) -> None: ...


def destination(kind: str) -> DestinationModule:
    """The module of a destination. Raises DeliveryFailed for a kind we do not know."""
    if kind not in DESTINATIONS:
        raise DeliveryFailed(f"There is no destination {kind!r}.")
    return cast(DestinationModule, import_module(DESTINATIONS[kind]))
