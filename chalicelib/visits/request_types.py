"""The fields that requests of pages share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

VisitorId = Annotated[str, Meta(max_length=64, pattern="^[A-Za-z0-9._:-]*$")]


Address = Annotated[str, Meta(max_length=8192)]
