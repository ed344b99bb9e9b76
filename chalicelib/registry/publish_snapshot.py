"""Write what the hot functions read of a site, after every change to it."""

from __future__ import annotations

from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.registry import directory_table, keys
from chalicelib.registry.directory_table import Entry, Transaction
from chalicelib.registry.types import Pool, Site, TrackingNumber

# A publisher overtaken twice is done: the second to overtake it read the records after the first had published, so
# after this publisher's own change was written, and has published that change.
TRIES = 2


def publish(site_id: str) -> None:
    """Replace the site's snapshot by one made of its records as they are now. Raises NotFound, StorageUnavailable.

    The records are read after the version and written only if nobody published in between: a snapshot made of
    older records can therefore never replace one made of newer ones, and no change is lost.
    """
    for _ in range(TRIES):
        found = directory_table.item(keys.SITES, site_id)
        if found is None:
            raise NotFound("No such site.")
        if not _replace(found):
            return


def _replace(found: Entry) -> tuple[int, ...]:
    """Write the snapshot's parts and raise the site's version, all or nothing; return the failed conditions."""
    site = directory_table.value_of(found, Site)
    version = int(found.version) + 1
    parts = _parts(site)
    written = [(keys.snapshot_pk(site.site_key), keys.part_sk(index)) for index in range(len(parts))]
    outdated = set(_published(found)) - set(written)

    def fill(transaction: Transaction) -> None:
        for pk, sk in sorted(outdated):
            transaction.delete(directory_table.entry(pk, sk))
        for (pk, sk), part in zip(written, parts, strict=True):
            transaction.save(directory_table.entries()(pk, sk, doc=part, version=version, parts=len(parts)))
        new: list[Any] = [Entry.version.set(version), Entry.published_key.set(site.site_key)]
        new.append(Entry.published_parts.set(len(parts)))
        transaction.update(found, actions=new, condition=Entry.version == found.version)

    return directory_table.commit(fill)


def _parts(site: Site) -> list[bytes]:
    pools = directory_table.values(keys.POOLS, keys.pool_sk(site.site_id, ""), Pool)
    numbers = directory_table.values(keys.site_pk(site.site_id), "NUMBER#", TrackingNumber)
    return keys.split(keys.encode(keys.snapshot_of(site, pools, numbers)))


def _published(found: Entry) -> list[tuple[str, str]]:
    """Return the keys of the current parts; under an older site key where it was rotated since."""
    count = int(found.published_parts or 0)
    return [(keys.snapshot_pk(found.published_key), keys.part_sk(index)) for index in range(count)]
