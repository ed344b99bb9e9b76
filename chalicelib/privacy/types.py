"""A person as the service knows them, and the order to forget them, as plain values. Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A person by pseudonyms: the caller ids of their numbers, and the browsers that are theirs for sure."""

    site_id: str
    subject_ids: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()  # 24 hex digits

    @property
    def known(self) -> bool:
        """Return whether there is anything to be exported or erased."""
        return bool(self.subject_ids or self.visitors)


@dataclass(frozen=True, slots=True)
class Erasure:
    """An order to forget a person, with pseudonyms only: it can be finished after the number is gone."""

    person: Person
    erasure_id: str
    secret: str = field(repr=False)  # of the aliases; it goes with the order, and then nothing leads back
    began_at: datetime
    passed: bool = False  # every store was gone through once

    @property
    def site_id(self) -> str:
        return self.person.site_id

    def after_one_pass(self) -> Erasure:
        """Return the order as it is once every store was gone through."""
        return Erasure(self.person, self.erasure_id, self.secret, self.began_at, passed=True)

    def alias(self, visitor: str) -> str:
        """Return a visitor's id from now on: one browser stays one, and nobody's."""
        return hmac.new(self.secret.encode(), visitor.encode(), "sha256").hexdigest()[: len(visitor)]
