"""Give a number back when its visitor leaves."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.json_body import decode
from chalicelib.pool.lending import rules
from chalicelib.pool.lending.container_cache import this_container
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.issue_number import Token
from chalicelib.pool.lending.lease_group import Position, second_of
from chalicelib.pool.lending.lease_token import open_lease
from chalicelib.registry import snapshot
from chalicelib.runtime import log, tracing
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings
from chalicelib.visits.request_types import VisitorId
from chalicelib.visits.visitor_key import visitor_key


class ReleaseRequest(Struct):
    """What the snippet sends when the last tab closes."""

    visitor_id: VisitorId
    lease: Token


def release(request: Request, site_key: str) -> dict[str, Any]:
    """Return `{"released": bool}`: false when the number is somebody else's by now. The same again changes nothing.

    Raises BadInput (field `lease`) for a lease that is not this visitor's, NotFound for an unknown site key,
    StorageUnavailable.
    """
    asked = decode(request.body, ReleaseRequest)
    found = snapshot.site_by_key(site_key, request.now)
    if found is None:
        raise NotFound("No site has this key.", field="site_key")
    key, site_id = settings().signing_key, found.site.site_id
    tracing.annotate(site=site_id)
    lease = open_lease(asked.lease, key)
    if lease is None or lease.visitor != visitor_key(site_id, asked.visitor_id, key):
        raise BadInput("lease", "not a lease of this visitor")
    position = Position(lease.group, lease.slot)
    pool = next((pool for pool in found.pools if pool.pool_id == lease.pool_id), None)
    view = this_container().view(found, pool) if pool else None
    written = PoolTable(lease.pool_id).run(
        rules.release(position, lease.visitor, second_of(request.now), lease.until, view)
    )
    released = written.state is not None and written.state.slots[lease.slot].visitor == lease.visitor
    log.event("number_released", site_id=site_id, pool_id=lease.pool_id, released=released)
    return {"released": released}
