"""CRMs that report outcomes by webhook. A new one is one module beside this file and one row here.

Each module has the same two functions:
    verify(request, endpoint)            raises SignatureRejected
    parse(request, endpoint, country)    → the outcomes of the request, raises BadInput naming the field
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from chalicelib.deals.types import Outcome
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Request

CRMS = {  # name in the URL → module, imported when first called
    "generic": "chalicelib.deals.crm.generic",
}


class Crm(Protocol):
    """The functions of a CRM's module."""

    def verify(self, request: Request, endpoint: Endpoint) -> None: ...
    def parse(self, request: Request, endpoint: Endpoint, country: str) -> tuple[Outcome, ...]: ...


def crm(name: str) -> Crm | None:
    """Return the CRM's module, or None for an unknown name."""
    module = CRMS.get(name)
    return cast(Crm, import_module(module)) if module else None
