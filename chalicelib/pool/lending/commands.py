"""Commands that the pool's rules give to storage, and their answers. One command is one round trip."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from chalicelib.pool.lending.address_quota import QuotaToken
from chalicelib.pool.lending.lease_group import Group


class Read(NamedTuple):
    """Read these groups, eventually consistent. Answer: dict of group → Group, without those that do not exist."""

    groups: tuple[int, ...]


class Copied(NamedTuple):
    """What lets a write remove closed leases: a chunk of history holds them. If they changed since, the write fails."""

    last_chunk: int  # of the state that was copied
    closed: int  # how many leases were copied
    key: int  # of the chunk, which the group's item notes


class Take(NamedTuple):
    """Lend a slot whose lease ended before `free_before`, unless the visitor already has one of the group.

    The lease it displaces is closed. The quota token must not be that of another running lease of the group.
    """

    group: int
    slot: int
    visitor: bytes
    leased: int
    until: int
    free_before: int
    quota_token: QuotaToken | None = None  # None: the visitor's address is not limited
    copied: Copied | None = None  # None: no closed leases are removed


class Retake(NamedTuple):
    """Lend the visitor's own slot to them again, where their lease ended before `running` and nobody is displaced.

    The lease that ended is closed: between the two the visitor had no lease.
    """

    group: int
    slot: int
    visitor: bytes
    leased: int
    until: int
    running: int
    quota_token: QuotaToken | None = None
    copied: Copied | None = None


class Renew(NamedTuple):
    """Extend the visitor's own lease to `until`, if it still runs: ends at `running` or later."""

    group: int
    slot: int
    visitor: bytes
    until: int
    running: int
    copied: Copied | None = None


class Release(NamedTuple):
    """Let the visitor's own lease end at `until`, if it still runs: ends at `running` or later.

    Not if it ends after `latest`, for then it was renewed meanwhile. One that ends before `until` is only lengthened
    where it ends at `latest` exactly: then it was not given back before.
    """

    group: int
    slot: int
    visitor: bytes
    until: int
    latest: int
    running: int


class Copy(NamedTuple):
    """Write the state as a chunk of history under `key`, unless a fuller copy is there."""

    group: int
    state: Group
    key: int


class Trim(NamedTuple):
    """Remove the closed leases, if they are still those that were copied, and note `key` of the copy."""

    group: int
    state: Group
    key: int


class Written(NamedTuple):
    """The answer to every write: whether its condition held, and the group as it then was (None: there is none).

    For a Copy, `done` says that a copy as full as this one is stored, by this write or another.
    """

    done: bool
    state: Group | None


Command: TypeAlias = Read | Take | Retake | Renew | Release | Copy | Trim
T = TypeVar("T")
Steps: TypeAlias = Generator[Command, Any, T]
