"""What visitors do on the page besides calling: forms, chats, e-mail clicks and the like. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count
from random import Random

from infra.demo.events import Contact, Visit

ACTIVE = 14  # percent of visits
KINDS = {"form": 40, "chat": 20, "email_click": 15, "tel_click": 15, "reveal": 10}
LEAVES_PHONE = {"form": 70, "chat": 40}  # percent


def contacts_of(rng: Random, visits: Iterable[Visit]) -> tuple[Contact, ...]:
    """Return what is done during the visits, in order."""
    keys = count(1)
    found = [contact for visit in visits for contact in _during(rng, visit, keys)]
    return tuple(sorted(found, key=lambda contact: (contact.at, contact.key)))


def _during(rng: Random, visit: Visit, keys: Iterator[int]) -> Iterator[Contact]:
    if rng.randrange(100) >= ACTIVE:
        return
    stay = int((visit.leaves_at - visit.at).total_seconds())
    at = visit.at + timedelta(seconds=rng.randrange(5, max(stay, 6)))
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    leaves_phone = rng.randrange(100) < LEAVES_PHONE.get(kind, 0)
    yield Contact(next(keys), visit, at, kind, leaves_phone)
