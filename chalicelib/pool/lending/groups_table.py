"""Leases in DynamoDB: every command of the rules is one round trip. The hot functions' only storage of the pool.

It uses boto3, because pynamodb can neither return the item whose condition failed nor express `:me IN (A[1], …)`.
Everything raises StorageUnavailable when DynamoDB does not answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from chalicelib.core.errors import StorageUnavailable
from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.address_quota import QuotaToken
from chalicelib.pool.lending.commands import (
    Command,
    Copied,
    Copy,
    Read,
    Release,
    Renew,
    Retake,
    Steps,
    Take,
    Trim,
    Written,
)
from chalicelib.pool.lending.lease_group import Group, Slot
from chalicelib.pool.lending.response_parser import register_parser
from chalicelib.runtime import aws, log
from chalicelib.runtime.settings import settings

T = TypeVar("T")

HISTORY_SECONDS = 90 * 86_400
BATCH = 100  # keys of one BatchGetItem
NOTHING = {":none": {"L": list[Any]()}}
NOT_IN_GROUP = f"NOT :me IN ({', '.join(f'{name}[1]' for name in group_codec.NAMES)})"


@lru_cache(maxsize=1)
def hot_client() -> Any:
    """Return the container's hot client, which parses groups with msgspec. It connects only when it is used."""
    client = aws.dynamodb(hot=True)
    register_parser(client)
    return client


@dataclass(slots=True)
class Consumed:
    """What DynamoDB reports of the work done. A refused write reports no units: count it as one."""

    trips: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    refused: int = 0

    def add(self, answer: dict[str, Any], *, write: bool) -> None:
        reported = answer.get("ConsumedCapacity") or []
        units = sum(one["CapacityUnits"] for one in (reported if isinstance(reported, list) else [reported]))
        self.trips += 1
        if write:
            self.write_units += units
        else:
            self.read_units += units

    def add_refusal(self) -> None:
        self.trips += 1
        self.refused += 1


class PoolTable:
    """One pool's groups. `client` is a low-level DynamoDB client, by default the hot one of this container."""

    def __init__(self, pool_id: str, *, client: Any = None, name: str | None = None) -> None:
        self.consumed = Consumed()
        self.pool_id = pool_id
        if client is not None:
            register_parser(client)
        self._client = client or hot_client()
        self._name = name or settings().pools_table

    def run(self, steps: Steps[T]) -> T:
        """Run the steps of a rule to their end and return its result."""
        answer: Any = None
        while True:
            try:
                command = steps.send(answer)
            except StopIteration as ended:
                result: T = ended.value
                return result
            answer = self.execute(command)

    def execute(self, command: Command) -> Any:
        """Carry out one command; see `commands.py` for its answer."""
        match command:
            case Read():
                return self.read(command.groups)
            case Take():
                return self._take(command)
            case Retake():
                return self._retake(command)
            case Renew():
                return self._renew(command)
            case Release():
                return self._release(command)
            case Copy() | Trim():
                return self._keep_history(command)

    def read(self, groups: Iterable[int], *, consistent: bool = False) -> dict[int, Group]:
        """Return the current state of these groups, without those that do not exist."""
        wanted = [group_codec.key(self.pool_id, group) for group in groups]
        found: dict[int, Group] = {}
        while wanted:
            asked, wanted = wanted[:BATCH], wanted[BATCH:]
            with aws.storage_errors():
                answer = self._client.batch_get_item(
                    RequestItems={self._name: {"Keys": asked, "ConsistentRead": consistent}},
                    ReturnConsumedCapacity="TOTAL",
                )
            self.consumed.add(answer, write=False)
            items = answer["Responses"].get(self._name, [])
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not items and left:  # throttled: a visitor waits, so it is not tried again here
                raise StorageUnavailable("The storage did not answer. Try again.")
            found.update((group_codec.group_number(item), group_codec.read_group(item)) for item in items)
            wanted += left
        return found

    def history(self, group: int, since: int, most: int, until: int = group_codec.CURRENT) -> tuple[Group, ...]:
        """Return the last `most` states of a group with keys in [since, until], newest first.

        The key of the current one is `group_codec.CURRENT`.

        Consistent; one Query a megabyte, which is a thousand states.
        """
        states: list[Group] = []
        page: dict[str, Any] = {"Limit": most, "ScanIndexForward": False}
        while True:
            answer = self._query(group, since, until, **page)
            states += (group_codec.read_group(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer or len(states) >= most:
                return tuple(states)
            page |= {"ExclusiveStartKey": answer["LastEvaluatedKey"], "Limit": most - len(states)}

    def first_key(self, group: int, since: int) -> int:
        """Return the key of a group's oldest state with this key or a later one; CURRENT where there is no chunk."""
        items = self._query(group, since, group_codec.CURRENT, Limit=1, ProjectionExpression="e")["Items"]
        return int(items[0]["e"]["N"]) if items else group_codec.CURRENT

    def _query(self, group: int, since: int, until: int, **options: Any) -> dict[str, Any]:
        """Read one page of a group's states with keys in [since, until], consistently."""
        with aws.storage_errors():
            answer: dict[str, Any] = self._client.query(
                TableName=self._name,
                KeyConditionExpression="k = :k AND e BETWEEN :since AND :until",
                ExpressionAttributeValues={
                    ":k": group_codec.key(self.pool_id, group)["k"],
                    ":since": {"N": str(max(since, 0))},
                    ":until": {"N": str(until)},
                },
                ConsistentRead=True,
                ReturnConsumedCapacity="TOTAL",
                **options,
            )
        self.consumed.add(answer, write=False)
        return answer

    def update(self, group: int, change: str, condition: str, values: dict[str, Any]) -> Written:
        """Update a group on a condition; its state is returned whether the condition held or not."""
        try:
            with aws.storage_errors():
                answer = self._client.update_item(
                    TableName=self._name,
                    Key=group_codec.key(self.pool_id, group),
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    ReturnConsumedCapacity="TOTAL",
                )
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            self.consumed.add_refusal()
            return Written(False, self._state_of(refusal.response, group))
        self.consumed.add(answer, write=True)
        return Written(True, group_codec.read_group(answer["Attributes"]))

    def put(self, item: group_codec.Item, condition: str, values: dict[str, Any] | None = None) -> bool:
        """Write a whole item; return whether the condition held."""
        names = {"ExpressionAttributeValues": values} if values else {}
        try:
            with aws.storage_errors():
                answer = self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression=condition,
                    ReturnConsumedCapacity="TOTAL",
                    **names,
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            self.consumed.add_refusal()
            return False
        self.consumed.add(answer, write=True)
        return True

    def _take(self, take: Take) -> Written:
        slot = group_codec.NAMES[take.slot]
        lease = group_codec.slot_value(take.slot, Slot(take.visitor, take.leased, take.until))
        lease_is_over = f"{slot}[3] < :free_before"
        change, has_quota_token, tag = _with_quota_token(take.slot, take.quota_token)
        untagged = "" if take.quota_token else f" REMOVE {group_codec.TAGS[take.slot]}"
        pushed, is_copied, chunk = _pushed(slot, take.copied)
        values = {":lease": lease, ":free_before": {"N": str(take.free_before)}, ":me": {"B": take.visitor}}
        return self.update(
            take.group,
            f"SET {pushed}, {slot} = :lease{change}{untagged}",
            f"{lease_is_over} AND {NOT_IN_GROUP}{has_quota_token}{is_copied}",
            values | tag | chunk,
        )

    def _retake(self, retake: Retake) -> Written:
        slot = group_codec.NAMES[retake.slot]
        lease = group_codec.slot_value(retake.slot, Slot(retake.visitor, retake.leased, retake.until))
        still_theirs = f"{slot}[1] = :me"
        has_ended = f"{slot}[3] < :running"
        change, has_quota_token, tag = _with_quota_token(retake.slot, retake.quota_token)
        untagged = "" if retake.quota_token else f" REMOVE {group_codec.TAGS[retake.slot]}"
        pushed, is_copied, chunk = _pushed(slot, retake.copied)
        values = {":lease": lease, ":me": {"B": retake.visitor}, ":running": {"N": str(retake.running)}}
        return self.update(
            retake.group,
            f"SET {pushed}, {slot} = :lease{change}{untagged}",
            f"{still_theirs} AND {has_ended}{has_quota_token}{is_copied}",
            values | tag | chunk,
        )

    def _renew(self, renew: Renew) -> Written:
        slot = group_codec.NAMES[renew.slot]
        still_theirs = f"{slot}[1] = :me"
        runs = f"{slot}[3] >= :running"
        would_lengthen_it = f"{slot}[3] < :until"
        times = {":until": {"N": str(renew.until)}, ":running": {"N": str(renew.running)}}
        is_copied, chunk = _unmoved(renew.copied)
        emptied, nothing = (", r = :none, h = :key", NOTHING) if renew.copied else ("", {})
        return self.update(
            renew.group,
            f"SET {slot}[3] = :until{emptied}",
            f"{still_theirs} AND {runs} AND {would_lengthen_it}{is_copied}",
            {":me": {"B": renew.visitor}} | times | chunk | nothing,
        )

    def _release(self, release: Release) -> Written:
        slot = group_codec.NAMES[release.slot]
        still_theirs = f"{slot}[1] = :me"
        runs = f"{slot}[3] >= :running"
        not_renewed_since = f"{slot}[3] <= :latest"
        not_given_back_before = f"({slot}[3] > :until OR {slot}[3] = :latest)"
        times = {":until": release.until, ":latest": release.latest, ":running": release.running}
        return self.update(
            release.group,
            f"SET {slot}[3] = :until",
            f"{still_theirs} AND {runs} AND {not_renewed_since} AND {not_given_back_before}",
            {":me": {"B": release.visitor}} | {name: {"N": str(value)} for name, value in times.items()},
        )

    def _keep_history(self, command: Copy | Trim) -> Written:
        try:
            if isinstance(command, Trim):
                unmoved, chunk = _unmoved(Copied(command.state.last_chunk, len(command.state.closed), command.key))
                change = "SET r = :none, h = :key"
                return self.update(command.group, change, f"attribute_exists(k){unmoved}", chunk | NOTHING)
            length = {":length": {"N": str(4 * len(command.state.closed))}}
            item = group_codec.write_group(self.pool_id, command.group, command.state, command.key)
            expires = command.key // 1000 + HISTORY_SECONDS + group_codec.SECONDS_TO_EPOCH
            # A copy that is there already and as full is enough: then the condition's failure counts as success.
            self.put(item | {"x": {"N": str(expires)}}, "attribute_not_exists(k) OR size(r) < :length", length)
        except StorageUnavailable:
            # The lease it came with is written already, and a later write of this group tries again.
            log.warning("history_not_moved", pool_id=self.pool_id, group=command.group)
            return Written(False, None)
        return Written(True, command.state)

    def _state_of(self, refusal: dict[str, Any], group: int) -> Group | None:
        item = refusal.get("Item") or self._read_current(group)
        return group_codec.read_group(item) if item else None

    def _read_current(self, group: int) -> group_codec.Item | None:
        """Read an item for engines that return none with a refusal, or where it does not exist."""
        with aws.storage_errors():
            answer = self._client.get_item(
                TableName=self._name,
                Key=group_codec.key(self.pool_id, group),
                ConsistentRead=True,
                ReturnConsumedCapacity="TOTAL",
            )
        self.consumed.add(answer, write=False)
        item: group_codec.Item | None = answer.get("Item")
        return item


def _pushed(slot: str, copied: Copied | None) -> tuple[str, str, dict[str, Any]]:
    """Return change, condition and values that close the slot's lease, and remove the closed ones that were copied.

    The right side of a `=` is the item before the write.
    """
    unmoved, chunk = _unmoved(copied)
    return f"r = {slot}, h = :key" if copied else f"r = list_append(r, {slot})", unmoved, chunk


def _unmoved(copied: Copied | None) -> tuple[str, dict[str, Any]]:
    """Return condition and values for removing closed leases: they must still be those that were copied.

    They only become more between two chunks, so their number and the last chunk's key identify them.
    """
    if copied is None:
        return "", {}
    values = {":last": copied.last_chunk, ":length": 4 * copied.closed, ":key": copied.key}
    return " AND h = :last AND size(r) = :length", {name: {"N": str(value)} for name, value in values.items()}


def _with_quota_token(slot: int, quota_token: QuotaToken | None) -> tuple[str, str, dict[str, Any]]:
    """Return what a quota token adds to the change, the condition and the values of a write that lends this slot.

    No other slot may have the tag, except those whose lease was seen to be over and still is.
    """
    if quota_token is None:
        return "", "", {}
    others = [name for index, name in enumerate(group_codec.TAGS) if index != slot and index not in quota_token.ended]
    condition = f" AND NOT :tag IN ({', '.join(others)})" if others else ""
    values: dict[str, Any] = {":tag": {"B": quota_token.tag}}
    if quota_token.ended:
        condition += "".join(f" AND {group_codec.NAMES[index]}[3] < :over" for index in quota_token.ended)
        values[":over"] = {"N": str(quota_token.over)}
    return f", {group_codec.TAGS[slot]} = :tag", condition, values
