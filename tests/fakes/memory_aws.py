"""DynamoDB, S3 and SQS as dictionaries in this process, under botocore's own clients: a hundred times moto's speed.

For tests that run the service through thousands of requests. It takes what the service asks, and raises on anything
else. A test plays the same story here and against moto, and compares (tests/infra/demo/test_seeds.py).
"""

from __future__ import annotations

import io
import json
import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import moto.core  # noqa: F401 - a client that pynamodb keeps from here must be one that moto can answer later
import msgspec
from botocore.client import BaseClient

Item = dict[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Any]


class Refused(Exception):
    """A condition that failed, with the item it failed upon."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("The conditional request failed")
        self.item = item


# ---- expressions -------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.+\-\[\]]|[:#]?[A-Za-z_0-9]+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated on."""

    item: Item
    names: Names
    values: Values


Operand = Callable[[Scope], Any]  # an attribute value such as {"S": "x"}, or None where there is none


def plain(value: Any) -> tuple[str, Any] | None:
    """An attribute value as what compares: its type, and a Decimal, text, bytes or the value itself."""
    if value is None:
        return None
    ((kind, raw),) = value.items()
    return kind, Decimal(raw) if kind == "N" else raw


def at(item: Item, path: Path, names: Names) -> Any:
    """The attribute value at a path; None where there is none."""
    first, *rest = path
    value = item.get(names.get(str(first), str(first)))
    for step in rest:
        if value is None:
            return None
        if isinstance(step, int):
            parts = value.get("L", ())
            value = parts[step] if step < len(parts) else None
        else:
            value = value.get("M", {}).get(names.get(step, step))
    return value


class Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str) -> None:
        self.tokens, self.place = _TOKEN.findall(text), 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token.upper() != expected):
            raise NotImplementedError(f"expected {expected or 'more'}, found {token!r} in {' '.join(self.tokens)}")
        self.place += 1
        return token

    def accept(self, word: str) -> bool:
        found = self.next.upper() == word
        self.place += found
        return found

    def condition(self) -> Callable[[Scope], bool]:
        parts = [self._all()]
        while self.accept("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)

    def _all(self) -> Callable[[Scope], bool]:
        parts = [self._one()]
        while self.accept("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)

    def _one(self) -> Callable[[Scope], bool]:
        if self.accept("NOT"):
            inner = self._one()
            return lambda scope: not inner(scope)
        if self.accept("("):
            inner = self.condition()
            self.take(")")
            return inner
        name = self.next.lower()
        if name in ("attribute_exists", "attribute_not_exists", "begins_with", "contains"):
            return self._function(name)
        return self._comparison()

    def _function(self, name: str) -> Callable[[Scope], bool]:
        self.take()
        self.take("(")
        path = self.path()
        if name.startswith("attribute"):
            self.take(")")
            wanted = name == "attribute_exists"
            return lambda scope: (at(scope.item, path, scope.names) is not None) == wanted
        self.take(",")
        other = self.operand()
        self.take(")")
        if name == "contains":
            raise NotImplementedError(name)

        def begins(scope: Scope) -> bool:
            found, prefix = plain(at(scope.item, path, scope.names)), plain(other(scope))
            return bool(found and prefix and found[0] == prefix[0] and found[1].startswith(prefix[1]))

        return begins

    def _comparison(self) -> Callable[[Scope], bool]:
        left = self.operand()
        if self.accept("BETWEEN"):
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return lambda scope: _compared(">=", left(scope), low(scope)) and _compared("<=", left(scope), high(scope))
        if self.accept("IN"):
            self.take("(")
            options = [self.operand()]
            while self.accept(","):
                options.append(self.operand())
            self.take(")")
            return lambda scope: any(_compared("=", left(scope), option(scope)) for option in options)
        sign = self.take()
        right = self.operand()
        return lambda scope: _compared(sign, left(scope), right(scope))

    def operand(self) -> Operand:
        token = self.next
        if token.startswith(":"):
            self.take()
            return lambda scope: scope.values[token]
        if token.lower() in ("size", "if_not_exists", "list_append"):
            return self._value_function(token.lower())
        path = self.path()
        return lambda scope: at(scope.item, path, scope.names)

    def _value_function(self, name: str) -> Operand:
        self.take()
        self.take("(")
        first = self.operand()
        if name == "size":
            self.take(")")
            return lambda scope: None if (found := plain(first(scope))) is None else {"N": str(len(found[1]))}
        self.take(",")
        second = self.operand()
        self.take(")")
        if name == "if_not_exists":
            return lambda scope: second(scope) if (found := first(scope)) is None else found
        return lambda scope: {"L": [*first(scope)["L"], *second(scope)["L"]]}

    def path(self) -> Path:
        steps: list[str | int] = [self.take()]
        while self.next in (".", "["):
            if self.accept("."):
                steps.append(self.take())
            else:
                self.take("[")
                steps.append(int(self.take()))
                self.take("]")
        return tuple(steps)

    def changes(self) -> list[tuple[str, Path, Operand | None]]:
        """An update expression as (SET | REMOVE | ADD, path, what is set or added)."""
        found: list[tuple[str, Path, Operand | None]] = []
        while self.next:
            verb = self.take().upper()
            if verb not in ("SET", "REMOVE", "ADD"):
                raise NotImplementedError(verb)
            while True:
                path, value = self.path(), None
                if verb == "SET":
                    self.take("=")
                    value = self._sum()
                elif verb == "ADD":
                    value = self.operand()
                found.append((verb, path, value))
                if not self.accept(","):
                    break
        return found

    def _sum(self) -> Operand:
        left = self.operand()
        if self.next not in ("+", "-"):
            return left
        sign, right = self.take(), self.operand()

        def summed(scope: Scope) -> Any:
            one, other = Decimal(left(scope)["N"]), Decimal(right(scope)["N"])
            return {"N": str(one + other if sign == "+" else one - other)}

        return summed


def _compared(sign: str, left: Any, right: Any) -> bool:
    one, other = plain(left), plain(right)
    if one is None or other is None or one[0] != other[0]:
        return sign == "<>" and one is not None
    return _COMPARE[sign](one[1], other[1])


@lru_cache(maxsize=4096)
def condition_of(text: str) -> Callable[[Scope], bool]:
    """A condition, compiled."""
    parser = Parser(text)
    found = parser.condition()
    if parser.next:
        raise NotImplementedError(f"{parser.next!r} in {text}")
    return found


@lru_cache(maxsize=4096)
def changes_of(text: str) -> list[tuple[str, Path, Operand | None]]:
    """An update expression, compiled."""
    return Parser(text).changes()


# ---- DynamoDB ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Table:
    """Items by partition key and sort key; indexes are searched for, not kept."""

    keys: tuple[str, ...]
    indexes: dict[str, tuple[str, ...]]
    partitions: dict[Any, dict[Any, Item]] = field(default_factory=dict)

    def key_of(self, item: Item) -> tuple[Any, Any]:
        """What an item, or a request's Key, is found by."""
        return plain(item[self.keys[0]]), plain(item[self.keys[1]]) if len(self.keys) > 1 else None

    def get(self, key: Item) -> Item | None:
        partition, sort = self.key_of(key)
        return self.partitions.get(partition, {}).get(sort)

    def put(self, item: Item) -> None:
        partition, sort = self.key_of(item)
        self.partitions.setdefault(partition, {})[sort] = item

    def delete(self, key: Item) -> None:
        partition, sort = self.key_of(key)
        self.partitions.get(partition, {}).pop(sort, None)

    def items(self) -> Iterator[Item]:
        for partition in self.partitions.values():
            yield from partition.values()


class Dynamo:
    """The operations the service uses. An item is never changed in place, so that none that was handed out changes."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}

    def create_table(self, request: Item) -> Item:
        indexes = {each["IndexName"]: _keys(each) for each in request.get("GlobalSecondaryIndexes", ())}
        self.tables[request["TableName"]] = Table(_keys(request), indexes)
        return {}

    def get_item(self, request: Item) -> Item:
        found = self.tables[request["TableName"]].get(request["Key"])
        return _units({"Item": _projected(found, request)} if found else {}, request)

    def batch_get_item(self, request: Item) -> Item:
        found = {
            name: [_projected(item, asked) for key in asked["Keys"] if (item := self.tables[name].get(key))]
            for name, asked in request["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}, "ConsumedCapacity": []}

    def put_item(self, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        before = self._checked(table.get(request["Item"]), request)
        table.put(dict(request["Item"]))
        return _units({"Attributes": before} if before and request.get("ReturnValues") == "ALL_OLD" else {}, request)

    def delete_item(self, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        before = self._checked(table.get(request["Key"]), request)
        table.delete(request["Key"])
        return _units({"Attributes": before} if before and request.get("ReturnValues") == "ALL_OLD" else {}, request)

    def update_item(self, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        before = self._checked(table.get(request["Key"]), request)
        after = _changed(before or dict(request["Key"]), request)
        table.put(after)
        wanted = {"ALL_NEW": after, "ALL_OLD": before}.get(request.get("ReturnValues", "NONE"))
        return _units({"Attributes": wanted} if wanted else {}, request)

    def batch_write_item(self, request: Item) -> Item:
        for name, writes in request["RequestItems"].items():
            for write in writes:
                if "PutRequest" in write:
                    self.tables[name].put(dict(write["PutRequest"]["Item"]))
                else:
                    self.tables[name].delete(write["DeleteRequest"]["Key"])
        return {"UnprocessedItems": {}}

    def transact_write_items(self, request: Item) -> Item:
        parts = [next(iter(part.items())) for part in request["TransactItems"]]
        reasons = [self._reason(part) for _, part in parts]
        if any(reason["Code"] != "None" for reason in reasons):
            raise Cancelled(reasons)
        for verb, part in parts:
            {"Put": self.put_item, "Update": self.update_item, "Delete": self.delete_item}.get(verb, _nothing)(part)
        return {}

    def query(self, request: Item) -> Item:
        table, index = self.tables[request["TableName"]], request.get("IndexName")
        keys = table.indexes[index] if index else table.keys
        matches = condition_of(request["KeyConditionExpression"])
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        found = [
            item
            for item in self._candidates(table, keys, request, index)
            if all(key in item for key in keys) and matches(Scope(item, names, values))
        ]
        order = [*keys[1:], *table.keys]
        found.sort(key=lambda item: [plain(item[key]) for key in order])
        return self._page(table, found[:: 1 if request.get("ScanIndexForward", True) else -1], request)

    def scan(self, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        keys = table.indexes[request["IndexName"]] if "IndexName" in request else ()
        found = [item for item in table.items() if all(key in item for key in keys)]
        found.sort(key=lambda item: [plain(item[key]) for key in table.keys])
        return self._page(table, found, request)

    def _candidates(self, table: Table, keys: tuple[str, ...], request: Item, index: str | None) -> Iterator[Item]:
        """The items of the partition that the condition names first; all of the table for an index."""
        first = re.match(r"\s*\(*\s*([#\w]+)\s*=\s*(:\w+)", request["KeyConditionExpression"])
        if index is None and first:
            name = request.get("ExpressionAttributeNames", {}).get(first[1], first[1])
            if name == keys[0]:
                value = plain(request["ExpressionAttributeValues"][first[2]])
                return iter(table.partitions.get(value, {}).values())
        return table.items()

    def _page(self, table: Table, found: list[Item], request: Item) -> Item:
        start = request.get("ExclusiveStartKey")
        if start:
            after = table.key_of(start)
            places = [place for place, item in enumerate(found) if table.key_of(item) == after]
            found = found[places[0] + 1 :]
        limit = request.get("Limit")
        page = found[:limit] if limit else found
        answer: Item = {"ScannedCount": len(page)}
        if limit and len(found) > limit:
            answer["LastEvaluatedKey"] = {key: page[-1][key] for key in table.keys}
        if "FilterExpression" in request:
            passes = condition_of(request["FilterExpression"])
            names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
            page = [item for item in page if passes(Scope(item, names, values))]
        answer |= {"Count": len(page)}
        if request.get("Select") != "COUNT":
            answer["Items"] = [_projected(item, request) for item in page]
        return _units(answer, request)

    def _checked(self, before: Item | None, request: Item) -> Item | None:
        """The item as it is, if the request's condition holds."""
        text = request.get("ConditionExpression")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        if text and not condition_of(text)(Scope(before or {}, names, values)):
            raise Refused(before if "ReturnValuesOnConditionCheckFailure" in request else None)
        return before

    def _reason(self, part: Item) -> Item:
        table = self.tables[part["TableName"]]
        try:
            self._checked(table.get(part.get("Key") or part["Item"]), part)
        except Refused as refusal:
            shown = {"Item": refusal.item} if refusal.item else {}
            return {"Code": "ConditionalCheckFailed", "Message": str(refusal), **shown}
        return {"Code": "None"}


class Cancelled(Exception):
    """A transaction of which a condition failed."""

    def __init__(self, reasons: list[Item]) -> None:
        super().__init__(f"Transaction cancelled [{', '.join(reason['Code'] for reason in reasons)}]")
        self.reasons = reasons


def _nothing(_: Item) -> Item:
    """A condition check changes nothing."""
    return {}


def _keys(schema: Item) -> tuple[str, ...]:
    kinds = {each["KeyType"]: each["AttributeName"] for each in schema["KeySchema"]}
    return (kinds["HASH"], *([kinds["RANGE"]] if "RANGE" in kinds else []))


def _units(answer: Item, request: Item) -> Item:
    if "ReturnConsumedCapacity" in request:
        answer["ConsumedCapacity"] = {"TableName": request["TableName"], "CapacityUnits": 1.0}
    return answer


def _projected(item: Item, request: Item) -> Item:
    text = request.get("ProjectionExpression")
    if not text:
        return dict(item)
    names = request.get("ExpressionAttributeNames", {})
    wanted = [names.get(name.strip(), name.strip()) for name in text.split(",")]
    return {name: item[name] for name in wanted if name in item}


def _changed(item: Item, request: Item) -> Item:
    """The item after an update: every value is read from the item as it was before."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    scope = Scope(item, names, values)
    after = dict(item)
    todo = [
        (verb, tuple(names.get(step, step) if isinstance(step, str) else step for step in path), value and value(scope))
        for verb, path, value in changes_of(request.get("UpdateExpression", ""))
    ]
    for verb, path, value in todo:
        if verb == "ADD":
            known = at(item, path, {})
            after = _with(after, path, _sum(known, value))
        else:
            after = _with(after, path, None if verb == "REMOVE" else value)
    return after


def _sum(known: Any, value: Any) -> Any:
    return value if known is None else {"N": str(Decimal(known["N"]) + Decimal(value["N"]))}


def _with(item: Item, path: Path, value: Any) -> Item:
    """A copy of the item with another value at a path; None takes it away."""
    first, *rest = path
    name = str(first)
    if not rest:
        return {**item, name: value} if value is not None else {key: item[key] for key in item if key != name}
    step, deeper = rest[0], tuple(rest[1:])
    inner = item[name]
    if isinstance(step, int):
        parts = list(inner["L"])
        parts[step] = _with({"x": parts[step]}, ("x", *deeper), value)["x"]
        return {**item, name: {"L": parts}}
    return {**item, name: {"M": _with(inner["M"], (step, *deeper), value)}}


# ---- S3 and SQS --------------------------------------------------------------------------------------------------


class S3:
    """Objects of all buckets together by key, in order."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.order: list[str] = []

    def put_object(self, request: Item) -> Item:
        body = request.get("Body", b"")
        content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read()
        if request["Key"] not in self.objects:
            insort(self.order, request["Key"])
        self.objects[request["Key"]], self.metadata[request["Key"]] = content, dict(request.get("Metadata", {}))
        return {}

    def get_object(self, request: Item) -> Item:
        content = self.objects[request["Key"]]
        return {"Body": Body(content), "ContentLength": len(content)}

    def head_object(self, request: Item) -> Item:
        return {"ContentLength": len(self.objects[request["Key"]]), "Metadata": self.metadata[request["Key"]]}

    def list_object_versions(self, request: Item) -> Item:
        """One version of each: nobody here writes an object over another."""
        found = self.list_objects_v2(request).get("Contents", [])
        return {"Versions": [each | {"VersionId": "the only one"} for each in found], "IsTruncated": False}

    def delete_object(self, request: Item) -> Item:
        if self.objects.pop(request["Key"], None) is not None:
            self.order.remove(request["Key"])
        return {}

    def list_objects_v2(self, request: Item) -> Item:
        prefix, after = request.get("Prefix", ""), request.get("StartAfter", "")
        begin = bisect_left(self.order, max(prefix, after))
        found = [key for key in self.order[begin:] if key.startswith(prefix) and key > after]
        listed = [{"Key": key, "Size": len(self.objects[key])} for key in found]
        return {"Contents": listed, "IsTruncated": False, "KeyCount": len(listed)} if listed else {"IsTruncated": False}


class Body(io.BytesIO):
    """What a response is read from."""

    def iter_chunks(self, size: int = 1024) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


class Sqs:
    """Queues by URL; a message that was received is gone once it is deleted, and no delay is waited for."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[str, str]] = {}
        self.numbers = count(1)

    def create_queue(self, request: Item) -> Item:
        url = f"https://queues.example/{request['QueueName']}"
        self.queues[url] = {}
        return {"QueueUrl": url}

    def send_message(self, request: Item) -> Item:
        number = str(next(self.numbers))
        self.queues[request["QueueUrl"]][number] = request["MessageBody"]
        return {"MessageId": number}

    def take_all(self, url: str) -> list[Any]:
        """Every message of a queue, taken out of it."""
        bodies, self.queues[url] = self.queues[url], {}
        return [json.loads(body) for body in bodies.values()]


class MemoryAws:
    """The three together, in the place of botocore's requests."""

    def __init__(self) -> None:
        self.dynamodb, self.s3, self.sqs = Dynamo(), S3(), Sqs()

    def call(self, client: BaseClient, operation: str, request: Item) -> Item:
        """Answer one operation as botocore would."""
        service = client.meta.service_model.service_name
        name = client.meta.method_to_api_mapping
        method = next(python for python, api in name.items() if api == operation)
        task = getattr(getattr(self, service), method, None)
        if task is None:
            raise NotImplementedError(f"{service}.{method}")
        try:
            return _aside(client, operation, task(request))
        except Refused as refusal:
            code, more = "ConditionalCheckFailedException", {"Item": refusal.item} if refusal.item else {}
            raise _error(client, operation, code, str(refusal), _aside(client, operation, more)) from None
        except Cancelled as cancelled:
            reasons = {"CancellationReasons": cancelled.reasons}
            raise _error(client, operation, "TransactionCanceledException", str(cancelled), reasons) from None
        except KeyError as absent:
            if service != "s3":
                raise
            raise _error(
                client, operation, "404" if operation == "HeadObject" else "NoSuchKey", str(absent), {}
            ) from None


def _aside(client: BaseClient, operation: str, answer: Item) -> Item:
    """Let those who read the body before botocore does read it (chalicelib/pool/lending/response_parser.py)."""
    service = client.meta.service_model
    if service.service_name != "dynamodb":
        return answer
    read: Item = {}
    client.meta.events.emit(
        f"before-parse.dynamodb.{operation}",
        operation_model=service.operation_model(operation),
        response_dict={"body": msgspec.json.encode(answer)},
        customized_response_dict=read,
    )
    return answer | read


def _error(client: BaseClient, operation: str, code: str, message: str, more: Item) -> Exception:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPHeaders": {}}, **more}
    error_class: Any = client.exceptions.from_code(code)
    error: Exception = error_class(response, operation)
    return error
