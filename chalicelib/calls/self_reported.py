"""What a customer said about where they heard of the business."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class SelfReported(Struct, frozen=True):
    """An answer as it is stored: of a call as an operator noted it, of a deal as the CRM reported it."""

    answer: str | None  # in its one form; None once it is erased
    channel: str  # by the dictionary in self_reported_words.py, or `other`: what stays when the words are erased
    told_at: datetime | None = None  # of a call: when it was noted
    digest: str | None = None  # of a deal: what proves the words that were erased
