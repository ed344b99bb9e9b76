"""A carrier's webhook: store the event, connect the caller. If anything breaks in between, the caller is connected."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from chalicelib import carriers
from chalicelib.calls import events_table
from chalicelib.calls.types import CallEvent
from chalicelib.carriers import Carrier, Hook, Route, spool_bucket, unparsed_event
from chalicelib.core.deadline import within
from chalicelib.core.errors import BadInput, NotFound, SignatureRejected, StorageUnavailable, TooLarge
from chalicelib.registry import snapshot
from chalicelib.registry.endpoint_token import EndpointToken, open_endpoint
from chalicelib.registry.types import Endpoint, TrackingNumber
from chalicelib.runtime import aws, log, sqs, tracing
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

ANSWER_SECONDS = 0.9  # with the time of spooling an event, under the 2 s a caller is owed
_WORD = re.compile(r"[a-z][a-z_-]{0,30}")
MAX_EVENT_BYTES = 64_000  # carriers send some kilobytes; a spooled event must fit into a queue message


def receive(request: Request, carrier: str, secret: str, parts: tuple[str, ...]) -> Answer:
    """Verify, parse, store and answer one webhook.

    Raises NotFound for a URL that is not ours or was closed, SignatureRejected, TooLarge, and BadInput naming the field
    for a hook that names no call or leaves open what to answer. A signed hook that cannot be parsed is stored as it
    came. An outage of our storage, or storage that lost the endpoint, raises nothing: the raw event is spooled, and the
    answer still forwards the call.
    """
    module, token = _endpoint_of(carrier, secret)
    if request.method not in getattr(module, "METHODS", ("POST",)):
        return _answer_check(module, request)
    if len(request.body) > MAX_EVENT_BYTES:
        raise TooLarge("body: larger than a carrier's event can be")
    hook = Hook(request, parts, endpoint_url(carrier, secret))
    _make_clients()
    try:
        return within(ANSWER_SECONDS, lambda: _answered(module, hook, token))
    except (BadInput, SignatureRejected, NotFound):
        raise
    except Exception as failure:  # noqa: BLE001 - no other failure may stop a call: spool the event, forward the call
        spool_bucket.spool_event(
            spool_bucket.SpooledEvent(carrier, secret, parts, request), module.SIGNED_HEADERS, failure
        )
        return module.reply(hook, (), lambda: _fallback_route(token))


def endpoint_url(carrier: str, secret: str) -> str:
    """Return the public URL of a carrier's endpoint, which is configured at the carrier and which it signs."""
    return f"{settings().public_url}/v1/carriers/{carrier}/{secret}"


def store(module: Carrier, hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Verify and parse the hook, write its events in one request per call, and queue the calls for attribution.

    Raises SignatureRejected, BadInput if the hook does not even name a call, StorageUnavailable.
    """
    module.verify(hook, endpoint)
    events = _events_of(module, hook, endpoint, country)
    for carriers_id in dict.fromkeys(event.call_id for event in events):
        call_id = carriers.our_call_id(endpoint.vendor, carriers_id)
        of_call = [event for event in events if event.call_id == carriers_id]
        made_by = (endpoint.vendor, endpoint.endpoint_id)
        events_table.add_events(endpoint.site_id, call_id, made_by, of_call, hook.request.now)
        sqs.send(settings().attribute_queue, {"site_id": endpoint.site_id, "call_id": call_id}, hot=True)
        log.event("call_event", site_id=endpoint.site_id, call_id=call_id, kind=_kind_of(hook))
    return events


def _kind_of(hook: Hook) -> str | None:
    """Return the URL's word for the event, for the log; None if the URL has anything but a plain word there."""
    return hook.parts[0] if hook.parts and _WORD.fullmatch(hook.parts[0]) else None


def _events_of(module: Carrier, hook: Hook, endpoint: Endpoint, country: str) -> tuple[CallEvent, ...]:
    """Return the hook's events. A signed hook that cannot be parsed is stored as it came, with an event for it."""
    try:
        return module.parse(hook, endpoint, country)
    except BadInput as refused:
        name = unparsed_event.digest(hook, settings().signing_key)
        event = unparsed_event.placeholder(module, hook, refused, name)
        if event is None:
            raise
        secret = hook.endpoint_url.rpartition("/")[2]
        as_it_came = spool_bucket.SpooledEvent(endpoint.vendor, secret, hook.parts, hook.request)
        spool_bucket.store_unparsed(as_it_came, module.SIGNED_HEADERS, name)
        log.warning("event_unread", endpoint_id=endpoint.endpoint_id, carrier=endpoint.vendor, field=refused.field)
        return (event,)


def where_to(token: EndpointToken, number: str | None, now: datetime) -> Route:
    """Return where a call to a number goes, by the registry or else the endpoint's token. Raises StorageUnavailable."""
    owner = snapshot.owner_of(number, now) if number else None
    fallback = _fallback_route(token)
    return _route_of(owner, fallback, now) if owner and owner.site_id == token.site_id else fallback


def _endpoint_of(carrier: str, secret: str) -> tuple[Carrier, EndpointToken]:
    module = carriers.carrier(carrier)
    token = open_endpoint(secret, settings().signing_key) if module else None
    if module is None or token is None or token.vendor != carrier:
        raise NotFound("No such endpoint.")
    tracing.annotate(site=token.site_id)
    return module, token


def _answer_check(module: Carrier, request: Request) -> Answer:
    echo: Callable[[Request], Answer] | None = getattr(module, "echo", None)
    if echo:
        return echo(request)
    refusal = {"error": "method_not_allowed", "message": "This endpoint takes POST."}
    return Answer(refusal, 405, headers={"Allow": "POST"})


def _make_clients() -> None:
    """Make the clients before the time limit runs: a container's first request is slow even with fast storage."""
    for service in ("dynamodb", "sqs"):
        try:
            aws.make_clients(service)
        except Exception as failure:  # noqa: BLE001 - who uses the client meets the same failure, and spools the event
            log.warning("client_failed", service=service, error=type(failure).__name__)


def _answered(module: Carrier, hook: Hook, token: EndpointToken) -> Answer:
    endpoint = snapshot.endpoint_by_id(token.endpoint_id, hook.request.now)
    if endpoint is None:  # only we can have signed its URL: our record of it is lost, not the caller
        raise StorageUnavailable("The endpoint's record is missing.")
    if endpoint.closed or endpoint.kind != "carrier":
        raise NotFound("No such endpoint.")
    events = store(module, hook, endpoint, token.country)
    return module.reply(hook, events, _router(token, events, hook))


def _fallback_route(token: EndpointToken) -> Route:
    """Return where a call goes by the endpoint's token alone."""
    return Route(token.target_number, token.record, token.answering)


def _router(token: EndpointToken, events: tuple[CallEvent, ...], hook: Hook) -> Callable[[], Route]:
    """Return a function that finds the route when the reply asks: by the called number, else the endpoint's token."""

    def route() -> Route:
        number = next((event.number for event in events if event.number), hook.whispered_number)
        try:
            return where_to(token, number, hook.request.now)
        except Exception as failure:  # noqa: BLE001 - an unreadable registry must not stop a call
            log.warning("route_unreadable", endpoint_id=token.endpoint_id, error=type(failure).__name__)
            return _fallback_route(token)

    return route


def _route_of(owner: TrackingNumber, fallback: Route, now: datetime) -> Route:
    pools = snapshot.pools_of(owner.site_id, now) if owner.pool_id else ()
    pool = next((pool for pool in pools if pool.pool_id == owner.pool_id), None)
    if pool:
        return Route(pool.target_number, pool.record or fallback.record, pool.answering or fallback.answering)
    return Route(owner.target_number or fallback.target_number, fallback.record, fallback.answering)
