"""What the pool's rules ask of storage, and what storage answers. One command is one round trip."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from chalicelib.pool.lending.address_quota import QuotaToken
from chalicelib.pool.lending.lease_group import Group


class Read(NamedTuple):
    """Eventually consistent images of these groups. Answer: dict of group → Group, without those that do not exist."""

    groups: tuple[int, ...]


class Copied(NamedTuple):
    """What lets a write empty the ring: a chunk of history holds it. If it is another ring by now, the write fails."""

    last_chunk: int  # of the image that was copied
    closed: int  # leases in its ring
    key: int  # of the chunk, which the head notes


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
    quota_token: QuotaToken | None = None  # None: his address is not limited
    copied: Copied | None = None  # None: the ring is not emptied


class Retake(NamedTuple):
    """Lend the visitor's own slot to them again, where their lease ended before `running` and displaced is nobody.

    The lease that ended goes into the ring: what lies between the two was no lease of theirs.
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

    Not one that ends after `latest`, for it was renewed meanwhile. One that ends before `until` is only lengthened
    where it ends at `latest` exactly: it was not given back before.
    """

    group: int
    slot: int
    visitor: bytes
    until: int
    latest: int
    running: int


class Copy(NamedTuple):
    """Write the image as a chunk of history under `key`, unless a fuller copy is there."""

    group: int
    state: Group
    key: int


class Trim(NamedTuple):
    """Empty the ring, if it is still the one that was copied, and note `key`, under which that was done."""

    group: int
    state: Group
    key: int


class Written(NamedTuple):
    """The answer to every write: whether its condition held, and the group as it then stood (None: there is none).

    For a Copy, `done` says that a copy as full as this one is stored, whoever wrote it.
    """

    done: bool
    state: Group | None


Command: TypeAlias = Read | Take | Retake | Renew | Release | Copy | Trim
T = TypeVar("T")
Steps: TypeAlias = Generator[Command, Any, T]
