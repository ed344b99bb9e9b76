"""Where finished calls are delivered. A new destination is one module beside this file and one row here.

Each module has one function: send(delivery, options) → None, which raises DeliveryFailed for anything but success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from chalicelib.delivery.alerts import Alert, Calls

DESTINATIONS = {  # kind of a site's Destination → module, imported when first used
    "webhook": "chalicelib.delivery.destinations.webhook",
    "email": "chalicelib.delivery.destinations.email",
    "telegram": "chalicelib.delivery.destinations.telegram",
}
ALERTS = frozenset({"email", "telegram"})  # kinds that a person reads: in words, missed calls by default
SECRET_OPTIONS = frozenset({"secret", "token", "api_key", "password"})  # never shown again, never logged
MANNERS = frozenset({"calls", "language"})  # options that do not make another destination of it


class DeliveryFailed(Exception):
    """The other side did not take the call; the queue tries again and gives up into the dead letters.

    `retry_after`: seconds the other side asked to wait. The message never holds a secret or what was sent.
    """

    def __init__(self, message: str, *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one destination receives of one call, for machines and for people. `delivery_id` is the same at each try."""

    delivery_id: str
    payload: dict[str, Any]
    alert: Alert
    now: datetime


class DestinationModule(Protocol):
    """The function of a destination's module."""

    def send(self, delivery: Delivery, options: dict[str, str]) -> None: ...


def destination(kind: str) -> DestinationModule:
    """Return the module of a destination. Raises DeliveryFailed for an unknown kind."""
    if kind not in DESTINATIONS:
        raise DeliveryFailed(f"There is no destination {kind!r}.")
    return cast(DestinationModule, import_module(DESTINATIONS[kind]))


def calls_of(kind: str, options: Mapping[str, str]) -> Calls:
    """Return which calls a destination wants: by its options, else missed ones for people and all for machines."""
    return Calls(options.get("calls") or (Calls.MISSED if kind in ALERTS else Calls.ALL))
