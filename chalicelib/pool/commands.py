"""What the pool's rules ask of storage, and what storage answers. One command is one round trip."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from chalicelib.pool.allowance import Ticket
from chalicelib.pool.group import Group


class Read(NamedTuple):
    """Eventually consistent images of these groups. Answer: dict of group → Group, without those that do not exist."""

    groups: tuple[int, ...]


class Take(NamedTuple):
    """Lend a slot whose lease ended before `free_before`, unless the visitor already sits in the group.

    The lease it displaces goes into the ring. A ticket must not be that of another running lease of the group.
    """

    group: int
    slot: int
    visitor: bytes
    leased: int
    until: int
    free_before: int
    ticket: Ticket | None = None  # None: his address is not limited


class Renew(NamedTuple):
    """Extend the visitor's own lease to `until`, if it ends at `running` or later.

    With `running` 0 also one that is over but was not displaced: for who is limited, that takes a ticket anew.
    """

    group: int
    slot: int
    visitor: bytes
    until: int
    running: int = 0
    ticket: Ticket | None = None


class Release(NamedTuple):
    """Shorten the visitor's own lease to `until`; not one that ends after `latest`, for it was renewed meanwhile."""

    group: int
    slot: int
    visitor: bytes
    until: int
    latest: int


class Copy(NamedTuple):
    """Write the image as a chunk of history under `key`, unless a fuller copy is there."""

    group: int
    image: Group
    key: int


class Trim(NamedTuple):
    """Empty the ring, if it is still the one that was copied."""

    group: int
    image: Group


class Written(NamedTuple):
    """The answer to every write: whether its condition held, and the group as it then stood (None: there is none).

    For a Copy, `done` says that a copy as full as this one is stored, whoever wrote it.
    """

    done: bool
    image: Group | None


Command: TypeAlias = Read | Take | Renew | Release | Copy | Trim
T = TypeVar("T")
Conversation: TypeAlias = Generator[Command, Any, T]
