"""Deliver a finished call to each of the site's destinations, once."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from chalicelib.calls import calls_table
from chalicelib.core.errors import NotFound
from chalicelib.delivery import outbox_table
from chalicelib.delivery.alerts import AlertKind
from chalicelib.delivery.call_message import CallMessage
from chalicelib.delivery.destinations import ALERTS, MANNERS, SECRET_OPTIONS, Delivery, DeliveryFailed, destination
from chalicelib.delivery.outbox_table import Claim
from chalicelib.registry import snapshot
from chalicelib.registry.types import Destination
from chalicelib.runtime import log, sqs, tracing
from chalicelib.runtime.settings import settings

ALERTS_A_MINUTE = 20  # to one destination; Telegram takes no more for a group, and nobody reads them
FIRST_WAIT_SECONDS = 10  # until a delivery that failed is tried again


class Undelivered(sqs.TryLater):
    """Some destination does not have the call yet: the message comes back soon, and later each time."""


class Busy(DeliveryFailed):
    """Another run sends this call there now; if that one dies, this one comes back."""


def deliver(message: dict[str, Any], now: datetime) -> None:
    """Deliver a call to every destination of its site that wants it and does not have it yet, to people first.

    `message` is {"site_id", "call_id"}. With a "recording_id" it says that this recording is stored now: for the
    destinations whose option `recordings` is "yes", which get the payload once more with "recording", its id.
    One destination's failure does not keep the call from the others. Raises Undelivered afterwards, so that the queue
    tries again; NotFound, StorageUnavailable.
    """
    site_id, call_id = message["site_id"], message["call_id"]
    tracing.annotate(site=site_id)
    site, attributed = snapshot.site_by_id(site_id, now), calls_table.call(site_id, call_id)
    if site is None or attributed is None:
        raise NotFound("No such call." if site else "No such site.")
    if attributed.call.caller.erased:
        log.event("not_delivered", site_id=site_id, call_id=call_id, reason="erased")
        return
    if attributed.call.ended_at is None:  # it was passed on while this waited; its real end queues it again
        return
    sent = CallMessage(attributed, site, now, message.get("recording_id"))
    failed: list[tuple[str, int]] = []
    for receiver in sorted(filter(sent.is_for, site.destinations), key=lambda each: each.kind not in ALERTS):
        try:
            _deliver_to(receiver, sent)
        except DeliveryFailed as failure:
            failed.append((receiver.kind, failure.retry_after))
            if not isinstance(failure, Busy):
                log.warning("delivery_failed", site_id=site_id, destination=receiver.kind, reason=str(failure))
    if failed:
        names, waits = zip(*failed, strict=True)
        reason = f"Not delivered: {', '.join(names)}."
        raise Undelivered(settings().deliver_queue, reason, first_wait=FIRST_WAIT_SECONDS, at_least=max(waits))


def _deliver_to(receiver: Destination, sent: CallMessage) -> None:
    """Send once, and once more for each new recording. Raises DeliveryFailed where it is not delivered now."""
    call, now, name = sent.attributed.call, sent.now, destination_name(receiver)
    delivery_id = f"{call.site_id}#{call.call_id}#{name}" + (f"#{sent.news}" if sent.news else "")
    found = outbox_table.claim(delivery_id, now)
    if found is Claim.BUSY:
        raise Busy("Another run is sending it.")
    if found is Claim.DELIVERED:
        return
    turn = outbox_table.take_turn(f"{call.site_id}#{name}", now) if receiver.kind in ALERTS else 0
    if turn <= ALERTS_A_MINUTE + 1:
        alert = replace(sent.alert, kind=AlertKind.STORM) if turn > ALERTS_A_MINUTE else sent.alert
        _send(receiver, Delivery(delivery_id, sent.payload, alert, now))
    outbox_table.mark_delivered(delivery_id, now)
    held_back = turn > ALERTS_A_MINUTE or None
    log.event("delivered", site_id=call.site_id, call_id=call.call_id, destination=receiver.kind, held_back=held_back)


def _send(receiver: Destination, delivery: Delivery) -> None:
    try:
        destination(receiver.kind).send(delivery, receiver.options)
    except DeliveryFailed:
        outbox_table.give_back(delivery.delivery_id)
        raise


def destination_name(receiver: Destination) -> str:
    """Return a destination's name: its kind, and a digest of the options that distinguish it from others of the kind.

    A new secret, language or choice of calls leaves it the same, so that nothing is sent twice.
    """
    own = {name: value for name, value in receiver.options.items() if name not in SECRET_OPTIONS | MANNERS}
    options = "&".join(f"{name}={value}" for name, value in sorted(own.items()))
    return f"{receiver.kind}-{sha256(options.encode()).hexdigest()[:12]}"
