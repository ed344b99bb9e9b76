"""A CRM's webhook: what became of a lead."""

from __future__ import annotations

from chalicelib.core.errors import NotFound, TooLarge
from chalicelib.deals import join_deals
from chalicelib.deals.crm import crm as crm_module
from chalicelib.registry import snapshot
from chalicelib.registry.endpoint_token import open_endpoint
from chalicelib.runtime import log, tracing
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings

MAX_OUTCOMES = 500  # in one request; each is stored within the request's time


def receive(request: Request, crm: str, secret: str) -> dict[str, object]:
    """Verify, parse, store and join the outcomes of one request → {"ok", "landed": new ones, "unchanged"}.

    All are parsed before the first is written. Raises NotFound, SignatureRejected, BadInput, TooLarge, and
    StorageUnavailable: the CRM must send again, which is harmless.
    """
    module = crm_module(crm)
    token = open_endpoint(secret, settings().signing_key) if module else None
    endpoint = snapshot.endpoint_by_id(token.endpoint_id, request.now) if token and token.vendor == crm else None
    if module is None or token is None or endpoint is None or endpoint.closed or endpoint.kind != "crm":
        raise NotFound("No such endpoint.")
    tracing.annotate(site=endpoint.site_id)
    module.verify(request, endpoint)
    outcomes = module.parse(request, endpoint, token.country)
    if len(outcomes) > MAX_OUTCOMES:
        raise TooLarge(f"body: more than {MAX_OUTCOMES} outcomes; drop larger lists into the bucket")
    site = snapshot.site_by_id(endpoint.site_id, request.now)
    if site is None:
        raise NotFound("No such site.")
    landed = sum(join_deals.record_outcome(site, outcome) for outcome in outcomes)
    log.event("outcomes", site_id=site.site_id, crm=crm, landed=landed, unchanged=len(outcomes) - landed)
    return {"ok": True, "landed": landed, "unchanged": len(outcomes) - landed}
