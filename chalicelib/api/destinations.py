"""Where a site's finished calls are delivered, as its owner writes it and as it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from chalicelib.api import validators
from chalicelib.core.errors import BadInput
from chalicelib.delivery.alert_texts import WORDS
from chalicelib.delivery.alerts import Calls
from chalicelib.delivery.destinations import DESTINATIONS, SECRET_OPTIONS
from chalicelib.delivery.destinations.email import addresses
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings

NEEDED = {"webhook": ("url", "secret"), "email": ("to",), "telegram": ("token", "chat_id")}  # options by kind
MOST_ADDRESSES = 50  # that SES takes in one message
HIDDEN = "(set)"
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,100}")  # as Telegram's BotFather gives it
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}")


def checked_destinations(destinations: list[Destination], field: str) -> tuple[Destination, ...]:
    """Destinations of kinds we have. Raises BadInput naming the field."""
    for place, destination in enumerate(destinations):
        validators.one_of(destination.kind, f"{field}[{place}].kind", DESTINATIONS)
        if destination.kind == "email" and not settings().alert_sender:
            raise BadInput(f"{field}[{place}].kind", "this stack sends no e-mail: its parameter AlertSender is empty")
        _check_options(destination, f"{field}[{place}].options")
    return tuple(destinations)


def _check_options(destination: Destination, field: str) -> None:
    for name in NEEDED.get(destination.kind, ()):
        if not destination.options.get(name):
            raise BadInput(f"{field}.{name}", f"a {destination.kind} needs it")
    for name, value in destination.options.items():
        if value == HIDDEN:
            raise BadInput(f"{field}.{name}", "send the secret itself")
        if name in CHECKS:
            CHECKS[name](value, f"{field}.{name}")


def _url(value: str, field: str) -> None:
    if urlsplit(value).scheme not in ("http", "https"):
        raise BadInput(field, "not an http or https URL")


def _addresses(value: str, field: str) -> None:
    found = addresses(value)
    if not 1 <= len(found) <= MOST_ADDRESSES or not all(_ADDRESS.fullmatch(address) for address in found):
        raise BadInput(field, f"not 1 to {MOST_ADDRESSES} e-mail addresses separated by commas")


def _fits(pattern: re.Pattern[str], what: str) -> Callable[[str, str], None]:
    def check(value: str, field: str) -> None:
        if not pattern.fullmatch(value):
            raise BadInput(field, f"not {what}")

    return check


CHECKS: dict[str, Callable[[str, str], Any]] = {  # option → its check, for any kind
    "url": _url,
    "to": _addresses,
    "token": _fits(_TOKEN, "a bot's token such as 123456:ABC…"),
    "chat_id": _fits(_CHAT, "a chat's number or @name"),
    "calls": lambda value, field: validators.one_of(value, field, list(Calls)),
    "language": lambda value, field: validators.one_of(value, field, WORDS),
}


def shown_destination(destination: Destination) -> dict[str, Any]:
    """Return a destination without its secrets."""
    options = {name: HIDDEN if name in SECRET_OPTIONS else value for name, value in destination.options.items()}
    return {"kind": destination.kind, "options": options}
