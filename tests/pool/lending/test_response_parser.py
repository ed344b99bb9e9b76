"""A group's state is the same whether botocore read it or we did, and other answers are left to botocore."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.lease_group import Closed, Group, Slot
from chalicelib.pool.lending.response_parser import register_parser
from chalicelib.runtime.settings import settings

CURRENT = Group(
    (Slot(b"visitor-0001", 90_000_000, 90_000_300), Slot(None, 0, 0), Slot(None, 0, 99_999_999_999, "+74990000001"))
    + (Slot(None, 0, 0),) * 9,
    (Closed(0, b"visitor-0000", 89_999_000, 89_999_300), Closed(3, None, 0, 0)),
    2,
)
CHANGE: dict[str, Any] = {
    "Key": group_codec.key("p1", 0),
    "UpdateExpression": "SET h = h + :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
    "ReturnValues": "ALL_NEW",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


@pytest.fixture
def clients(aws: Any) -> tuple[Any, Any]:
    """One that reads as botocore does, one that reads as we do; a group is stored."""
    plain, ours = (boto3.session.Session().client("dynamodb", region_name="eu-central-1") for _ in range(2))
    register_parser(ours)
    register_parser(ours)
    plain.put_item(TableName=settings().pools_table, Item=group_codec.write_group("p1", 0, CURRENT))
    return plain, ours


def test_the_image_after_an_update_is_the_same_either_way(clients: tuple[Any, Any]) -> None:
    plain, ours = clients
    seen = [each.update_item(TableName=settings().pools_table, **CHANGE)["Attributes"] for each in (plain, ours)]
    first, second = (group_codec.read_group(state) for state in seen)
    assert (first.slots, first.closed, first.last_chunk) == (CURRENT.slots, CURRENT.closed, 3)
    assert (second.slots, second.closed, second.last_chunk) == (CURRENT.slots, CURRENT.closed, 4)


def test_the_image_of_a_refusal_is_the_same_either_way(clients: tuple[Any, Any]) -> None:
    for each in clients:
        with pytest.raises(each.exceptions.ConditionalCheckFailedException) as refused:
            each.update_item(TableName=settings().pools_table, **CHANGE, ConditionExpression="h > :one AND h < :one")
        assert group_codec.read_group(refused.value.response["Item"]) == CURRENT
        assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_the_images_of_other_tables_keep_their_binary_values(clients: tuple[Any, Any]) -> None:
    _, ours = clients
    request = {"Key": {"pk": {"S": "x"}}, "UpdateExpression": "SET b = :b", "ReturnValues": "ALL_NEW"}
    values = {":b": {"B": b"\x00\x01"}}
    answer = ours.update_item(TableName=settings().calls_table, ExpressionAttributeValues=values, **request)
    assert answer["Attributes"]["b"] == {"B": b"\x00\x01"}


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[1]", b'{"message": "no"}', b'{"Attributes": null}'])
def test_what_is_no_answer_of_dynamodbs_is_left_as_it_is(clients: tuple[Any, Any], body: bytes) -> None:
    _, ours = clients
    response, aside = {"body": body}, dict[str, Any]()
    ours.meta.events.emit(
        "before-parse.dynamodb.UpdateItem",
        operation_model=ours.meta.service_model.operation_model("UpdateItem"),
        response_dict=response,
        customized_response_dict=aside,
    )
    assert (response, aside) == ({"body": body}, {})


def test_images_that_are_read_are_the_same_either_way(clients: tuple[Any, Any]) -> None:
    table, key = settings().pools_table, group_codec.key("p1", 0)
    history = {"KeyConditionExpression": "k = :k", "ExpressionAttributeValues": {":k": key["k"]}}
    for each, shape in zip(clients, (dict, group_codec.StoredGroup), strict=True):
        found = [
            each.get_item(TableName=table, Key=key)["Item"],
            *each.query(TableName=table, **history)["Items"],
            *each.batch_get_item(RequestItems={table: {"Keys": [key]}})["Responses"][table],
        ]
        assert [type(state) for state in found] == [shape] * 3
        assert [group_codec.read_group(state) for state in found] == [CURRENT] * 3


def test_other_items_that_are_read_are_as_ever(clients: tuple[Any, Any]) -> None:
    plain, ours = clients
    table, key = settings().calls_table, {"pk": {"S": "x"}}
    plain.put_item(TableName=table, Item=key | {"b": {"B": b"\x00"}, "n": {"N": "1"}})
    for each in clients:
        assert each.get_item(TableName=table, Key=key)["Item"] == key | {"b": {"B": b"\x00"}, "n": {"N": "1"}}
    current = group_codec.key("p1", 0)
    part = ours.get_item(TableName=settings().pools_table, Key=current, ProjectionExpression="e")
    assert part["Item"] == {"e": current["e"]}
    none = ours.get_item(TableName=settings().pools_table, Key=group_codec.key("p1", 9))
    assert "Item" not in none
