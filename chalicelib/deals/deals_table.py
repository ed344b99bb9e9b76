"""The deals table: one item a deal, holding its latest outcome and what it was joined to.

pk              <site id>#<source>#<external id>
doc             the deal as JSON
outcome_ms      when its outcome was, milliseconds since 1970
digest          of what the CRM reported, without what we joined it to
decided_ms      when a person last decided what the deal comes from
site_day        <site id>#<day>: index by_day
site_caller     <site id>#<caller's key>: index by_caller
site_visitor    <site id>#<visitor that it names>: index by_visitor
site_call       <site id>#<call that it names>, while that is not known: index by_call

An attribute that does not apply is left out. Everything raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.canonical_json import stated_fields
from chalicelib.deals.types import Deal
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

Item = Mapping[str, Mapping[str, str]]

JOINED = ("doc", "site_day", "site_caller", "site_visitor", "site_call", "digest", "decided_ms")  # what joining changes


def put_deal(deal: Deal) -> tuple[bool, Deal | None]:
    """Store the deal unless a newer outcome or the same one is stored. → (whether it was written, the deal before).

    At the same `outcome_at` the outcome that came last wins: that is how a person corrects a row of a file. Nor is it
    written over a deal with another decision of a person.
    """
    item = _item(deal)
    before = _get(item["pk"])
    news = "outcome_ms < :outcome_ms OR (outcome_ms = :outcome_ms AND digest <> :digest)"
    decided, decision = _decided_as(deal)
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.put_item(
                TableName=settings().deals_table,
                Item=item,
                ConditionExpression=f"attribute_not_exists(pk) OR (({news}) AND {decided})",
                ExpressionAttributeValues={":outcome_ms": item["outcome_ms"], ":digest": item["digest"], **decision},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False, _get(item["pk"])
    return True, before


def join_deal(deal: Deal, joined: Deal) -> bool:
    """Write a stored deal's new origin; False where its outcome or the decision of a person changed meanwhile."""
    item = _item(joined)
    present = [name for name in JOINED if name in item]
    gone = [name for name in JOINED if name not in item]
    decided, decision = _decided_as(deal)
    change = f"SET {', '.join(f'{name} = :{name}' for name in present)}" + (
        f" REMOVE {', '.join(gone)}" if gone else ""
    )
    values = {f":{name}": item[name] for name in present} | {":was_digest": {"S": _digest(deal)}} | decision
    return _update(item, change, f"digest = :was_digest AND {decided}", values)


def replace_self_reported(deal: Deal, reported: SelfReported) -> bool:
    """Replace a stored deal's self-reported source; False where the deal changed since it was read."""
    item, changed = _item(deal), _item(replace(deal, self_reported=reported))
    values = {":doc": changed["doc"], ":digest": changed["digest"], ":was": item["doc"]}
    return _update(item, "SET doc = :doc, digest = :digest", "doc = :was", values)


def deal(site_id: str, source: str, external_id: str) -> Deal | None:
    """Read one deal, consistently; None where there is none."""
    return _get({"S": _pk(site_id, source, external_id)})


def deals_of_day(site_id: str, day: date) -> list[Deal]:
    """Return the deals of a day: the joined call's or contact's day, else the outcome's."""
    return _query("by_day", "site_day", f"{site_id}#{day.isoformat()}")


def deals_of_caller(site_id: str, caller_key: str) -> list[Deal]:
    """Return a caller's deals."""
    return _query("by_caller", "site_caller", f"{site_id}#{caller_key}")


def deals_of_visitor(site_id: str, visitor: str) -> list[Deal]:
    """Return the deals that name a visitor."""
    return _query("by_visitor", "site_visitor", f"{site_id}#{visitor}")


def deals_waiting_for(site_id: str, call_named: str) -> list[Deal]:
    """Return the deals that name a call by this id and are not joined to it."""
    return _query("by_call", "site_call", f"{site_id}#{call_named}")


def _get(pk: Mapping[str, str]) -> Deal | None:
    with aws.storage_errors():
        answer: Any = aws.dynamodb().get_item(TableName=settings().deals_table, Key={"pk": pk}, ConsistentRead=True)
    return _deal(answer["Item"]) if "Item" in answer else None


def _query(index: str, name: str, value: str) -> list[Deal]:
    found = aws.query(settings().deals_table, f"{name} = :value", {":value": {"S": value}}, IndexName=index)
    return [_deal(item) for item in found]


def _update(item: Item, change: str, condition: str, values: Mapping[str, Any]) -> bool:
    """Write to the item's deal under a condition; return whether it held."""
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().deals_table,
                Key={"pk": item["pk"]},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _item(deal: Deal) -> dict[str, dict[str, str]]:
    waiting = deal.call_named if deal.joined_by != "call_id" else None
    texts = {
        "pk": _pk(deal.site_id, deal.source, deal.external_id),
        "doc": msgspec.json.encode(deal).decode(),
        "digest": _digest(deal),
        "site_day": f"{deal.site_id}#{deal.day.isoformat()}",
        "site_caller": f"{deal.site_id}#{deal.caller_key}" if deal.caller_key else None,
        "site_visitor": f"{deal.site_id}#{deal.visitor}" if deal.visitor else None,
        "site_call": f"{deal.site_id}#{waiting}" if waiting else None,
    }
    times = {"outcome_ms": deal.outcome_at, "decided_ms": deal.decision.at if deal.decision else None}
    return {name: {"S": text} for name, text in texts.items() if text} | {
        name: {"N": str(_millis(moment))} for name, moment in times.items() if moment
    }


def _digest(deal: Deal) -> str:
    said = replace(deal, call_id=None, joined_by=None, day=date.min, contact_id=None, decision=None)
    return sha256(msgspec.json.encode(stated_fields(said))).hexdigest()[:32]


def _decided_as(deal: Deal) -> tuple[str, dict[str, dict[str, str]]]:
    """Return the condition that the stored decision is this deal's, and its values."""
    if deal.decision is None:
        return "attribute_not_exists(decided_ms)", {}
    return "decided_ms = :decided", {":decided": {"N": str(_millis(deal.decision.at))}}


def _deal(item: Item) -> Deal:
    return msgspec.json.decode(item["doc"]["S"], type=Deal)


def _pk(site_id: str, source: str, external_id: str) -> str:
    return f"{site_id}#{source}#{external_id}"


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
