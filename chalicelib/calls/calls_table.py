"""The calls table off the hot path: one call, a day's calls, a caller's calls, and the evidence that is found for them.

Everything raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from msgspec import Struct

from chalicelib.calls import call_item, open_calls_index
from chalicelib.calls.events_table import call_pk
from chalicelib.calls.evidence import AttributedCall, Evidence
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.types import Call, Direction
from chalicelib.core import clock
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings


class CallRef(Struct, frozen=True):
    """Which call, when it began and whose it is: what a deal is joined by."""

    call_id: str
    started_at: datetime
    caller_key: str | None


class WrittenEvidence(NamedTuple):
    """Evidence that was written, and what it replaced."""

    before: Evidence | None


def call(site_id: str, call_id: str) -> AttributedCall | None:
    """Return one call with its evidence, read consistently; None where there is none or it is not attributed yet."""
    found = item(site_id, call_id)
    return call_item.attributed_of(found) if found else None


def item(site_id: str, call_id: str) -> call_item.Item | None:
    """Return one call's item, read consistently, or None."""
    with aws.storage_errors():
        answer = _client().get_item(
            TableName=settings().calls_table, Key=call_pk(site_id, call_id), ConsistentRead=True
        )
    found: call_item.Item | None = answer.get("Item")
    return found


def items_of_day(site_id: str, day: date) -> list[call_item.Item]:
    """Return a day's calls by start, as they are stored; `day` is of the site's zone."""
    return list(_query("by_day", "site_day", f"{site_id}#{day.isoformat()}"))


def calls_of_day(site_id: str, day: date) -> list[AttributedCall]:
    """Return a day's calls by start; `day` is of the site's zone."""
    found = (call_item.attributed_of(each) for each in items_of_day(site_id, day))
    return [each for each in found if each is not None]


def calls_of_caller(site_id: str, caller_key: str) -> list[CallRef]:
    """Return a caller's incoming calls by start: those a deal can come from. Outgoing calls have no source."""
    found = items_of_caller(site_id, caller_key)
    return [_ref(each) for each in found if each.get("direction", {}).get("S") != Direction.OUT]


def first_calls(site_id: str, caller_key: str, until: datetime, most: int) -> list[AttributedCall]:
    """Return a caller's first calls, either direction, that began at `until` or before, oldest first."""
    return _calls_of_caller(site_id, caller_key, "<=", until, most, newest_first=False)


def latest_calls(site_id: str, caller_key: str, until: datetime, most: int) -> list[AttributedCall]:
    """Return a caller's latest calls, either direction, that began at `until` or before, newest first."""
    return _calls_of_caller(site_id, caller_key, "<=", until, most, newest_first=True)


def calls_since(site_id: str, caller_key: str, since: datetime, most: int) -> list[str]:
    """Return the ids of a caller's first calls, either direction, that began at `since` or later."""
    found = _calls_of_caller(site_id, caller_key, ">=", since, most, newest_first=False)
    return [attributed.call.call_id for attributed in found]


def items_of_caller(site_id: str, caller_key: str) -> Iterator[call_item.Item]:
    """Yield the items of a caller's calls, either direction, by start."""
    return _query("by_caller", "site_caller", f"{site_id}#{caller_key}")


def calls_with(site_id: str, caller_key: str, since: datetime, until: datetime) -> list[AttributedCall]:
    """Return a caller's calls of both directions that began within that span, its ends included, by start."""
    span = (call_item.millis(since), call_item.millis(until))
    found = (
        call_item.attributed_of(each) for each in _query("by_caller", "site_caller", f"{site_id}#{caller_key}", span)
    )
    return [each for each in found if each is not None]


def find_call(site_id: str, call_ids: list[str]) -> CallRef | None:
    """Return the first of these call ids that is a call of the site with its evidence."""
    for call_id in call_ids:
        found = item(site_id, call_id)
        if found and "started_ms" in found:
            return _ref(found)
    return None


def put_evidence(
    call: Call, evidence: Evidence, day: date, settled: Mapping[str, str] | None = None, erased: str | None = None
) -> WrittenEvidence | None:
    """Write what attribution found. None where a later one, that knew of more events, was there first.

    `settled` are the attributes that subjects.settle gives: an event read here is never changed by another attribution,
    and one that came since is left to the one that it queued. `erased` is the item's last erasure when it was read:
    raises StorageUnavailable where there was another meanwhile, since the evidence knows what that took away.
    """
    written: dict[str, dict[str, str]] = {
        "evidence": {"S": call_item.evidence_text(evidence)},
        "folded": {"N": str(call.events)},
        "site_day": {"S": f"{call.site_id}#{day.isoformat()}"},
        "started_ms": {"N": str(call_item.millis(call.started_at))},
        "direction": {"S": call.direction},
        **call_item.attributes(settled or {}),
    }
    if call.caller_key:
        written["site_caller"] = {"S": f"{call.site_id}#{call.caller_key}"}
    if call.ended_at is None:
        written[open_calls_index.SHARD] = {"S": open_calls_index.shard_of(call.call_id)}
    names = {f"#{index}": name for index, name in enumerate(written)}
    values = {f":{index}": value for index, value in enumerate(written.values())}
    not_known_better = "attribute_not_exists(folded) OR folded <= :folded"
    not_erased, seen = _same(call_item.ERASED, erased)
    client = _client()
    try:
        with aws.storage_errors():
            answer = client.update_item(
                TableName=settings().calls_table,
                Key=call_pk(call.site_id, call.call_id),
                UpdateExpression="SET "
                + ", ".join(f"{name} = :{name[1:]}" for name in names)
                + ("" if call.ended_at is None else f" REMOVE {open_calls_index.SHARD}"),
                ConditionExpression=f"attribute_exists(vendor) AND ({not_known_better}) AND {not_erased}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | {":folded": written["folded"]} | seen,
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except client.exceptions.ConditionalCheckFailedException as refused:
        if call_item.erasure_of(aws.item_of(refused) or {}) != erased:
            raise StorageUnavailable("The call was erased meanwhile. Try again.") from None
        return None
    replaced = answer.get("Attributes", {}).get("evidence")
    return WrittenEvidence(call_item.evidence_of(replaced["S"]) if replaced else None)


def redact(item: call_item.Item, written: Mapping[str, str], removed: Sequence[str], erasure_id: str) -> bool:
    """Write and remove attributes of a call that is as it was read; False where it has changed since."""
    texts = {**written, call_item.ERASED: erasure_id}
    names = {f"#{index}": name for index, name in enumerate((*texts, *removed))}
    sets = [f"{name} = :{name[1:]}" for name in list(names)[: len(texts)]]
    expression = "SET " + ", ".join(sets)
    if removed:
        expression += " REMOVE " + ", ".join(list(names)[len(texts) :])
    folded, known = _same("folded", item["folded"]["N"] if "folded" in item else None, kind="N")
    noted, said = _same(call_item.SELF_REPORTED, item.get(call_item.SELF_REPORTED, {}).get("S"))
    erased, seen = _same(call_item.ERASED, call_item.erasure_of(item))
    client = _client()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().calls_table,
                Key={"pk": dict(item["pk"])},
                UpdateExpression=expression,
                ConditionExpression=f"attribute_exists(vendor) AND {folded} AND {erased} AND {noted}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={f":{index}": {"S": text} for index, text in enumerate(texts.values())}
                | known
                | said
                | seen,
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def put_self_reported(item: call_item.Item, reported: SelfReported | None) -> bool:
    """Note what a call's caller said, or that they said nothing; False where the call was erased since it was read."""
    erased, seen = _same(call_item.ERASED, call_item.erasure_of(item))
    text = call_item.self_reported_text(reported) if reported else None
    written = {":reported": {"S": text}} if text else {}
    client = _client()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().calls_table,
                Key={"pk": dict(item["pk"])},
                UpdateExpression=f"SET {call_item.SELF_REPORTED} = :reported"
                if text
                else f"REMOVE {call_item.SELF_REPORTED}",
                ConditionExpression=f"attribute_exists(vendor) AND {erased}",
                **({"ExpressionAttributeValues": written | seen} if written or seen else {}),
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _same(name: str, value: str | None, *, kind: str = "S") -> tuple[str, dict[str, dict[str, str]]]:
    """Return the condition that an attribute is still what it was, and its values."""
    if value is None:
        return f"attribute_not_exists({name})", {}
    return f"{name} = :was_{name}", {f":was_{name}": {kind: value}}


def _ref(found: call_item.Item) -> CallRef:
    caller = call_item.caller_key_of(found)
    started_at = clock.from_epoch(int(found["started_ms"]["N"]) / 1000, field="started_ms")
    return CallRef(found["pk"]["S"].partition("#")[2], started_at, caller)


def _calls_of_caller(
    site_id: str, caller_key: str, compared: str, moment: datetime, most: int, *, newest_first: bool
) -> list[AttributedCall]:
    """Read one page of the caller's index, eventually consistent; `compared`: calls' start against the moment."""
    with aws.storage_errors():
        answer = _client().query(
            TableName=settings().calls_table,
            IndexName="by_caller",
            KeyConditionExpression=f"site_caller = :caller AND started_ms {compared} :moment",
            ExpressionAttributeValues={
                ":caller": {"S": f"{site_id}#{caller_key}"},
                ":moment": {"N": str(call_item.millis(moment))},
            },
            ScanIndexForward=not newest_first,
            Limit=most,
        )
    found = (call_item.attributed_of(item) for item in answer["Items"])
    return [each for each in found if each is not None]


def _query(index: str, name: str, value: str, span: tuple[int, int] | None = None) -> Iterator[call_item.Item]:
    """Yield the items of an index partition by start, page after page: all, or those within a span of milliseconds."""
    condition, values = f"{name} = :value", {":value": {"S": value}}
    if span:
        condition += " AND started_ms BETWEEN :since AND :until"
        values |= {":since": {"N": str(span[0])}, ":until": {"N": str(span[1])}}
    return aws.query(settings().calls_table, condition, values, IndexName=index)


def _client() -> Any:
    return aws.dynamodb()
