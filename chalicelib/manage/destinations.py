"""Where a site's finished calls are delivered, as its owner writes it and as it is shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from chalicelib.attribution.destinations import DESTINATIONS
from chalicelib.errors import BadInput
from chalicelib.manage import checks
from chalicelib.registry.types import Destination

NEEDED = {"webhook": ("url", "secret")}  # options by kind
SECRET_OPTIONS = frozenset({"secret", "token", "api_key", "password"})
HIDDEN = "(set)"


def checked_destinations(destinations: list[Destination], field: str) -> tuple[Destination, ...]:
    """Destinations of kinds we have. Raises BadInput naming the field."""
    for place, destination in enumerate(destinations):
        checks.one_of(destination.kind, f"{field}[{place}].kind", DESTINATIONS)
        _check_options(destination, f"{field}[{place}].options")
    return tuple(destinations)


def _check_options(destination: Destination, field: str) -> None:
    for name in NEEDED.get(destination.kind, ()):
        if not destination.options.get(name):
            raise BadInput(f"{field}.{name}", f"a {destination.kind} needs it")
    for name, value in destination.options.items():
        if value == HIDDEN:
            raise BadInput(f"{field}.{name}", "send the secret itself")
        if name == "url" and urlsplit(value).scheme not in ("http", "https"):
            raise BadInput(f"{field}.{name}", "not an http or https URL")


def shown_destination(destination: Destination) -> dict[str, Any]:
    """A destination without its secrets."""
    options = {name: HIDDEN if name in SECRET_OPTIONS else value for name, value in destination.options.items()}
    return {"kind": destination.kind, "options": options}
