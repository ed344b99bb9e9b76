"""A group's image is the same whether botocore read it or we did, and other answers are left to botocore."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from chalicelib.pool import wire
from chalicelib.pool.group import Closed, Group, Slot
from chalicelib.pool.image_aside import put_images_aside
from chalicelib.settings import settings

HEAD = Group(
    (Slot(b"visitor-0001", 90_000_000, 90_000_300), Slot(None, 0, 0), Slot(None, 0, 99_999_999_999, "+74990000001"))
    + (Slot(None, 0, 0),) * 9,
    (Closed(0, b"visitor-0000", 89_999_000, 89_999_300), Closed(3, None, 0, 0)),
    2,
)
CHANGE: dict[str, Any] = {
    "Key": wire.key("p1", 0),
    "UpdateExpression": "SET h = h + :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
    "ReturnValues": "ALL_NEW",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


@pytest.fixture
def clients(aws: Any) -> tuple[Any, Any]:
    """One that reads as botocore does, one that reads as we do; a head is stored."""
    plain, ours = (boto3.session.Session().client("dynamodb", region_name="eu-central-1") for _ in range(2))
    put_images_aside(ours)
    put_images_aside(ours)
    plain.put_item(TableName=settings().pools_table, Item=wire.write_group("p1", 0, HEAD))
    return plain, ours


def test_the_image_after_an_update_is_the_same_either_way(clients: tuple[Any, Any]) -> None:
    plain, ours = clients
    seen = [each.update_item(TableName=settings().pools_table, **CHANGE)["Attributes"] for each in (plain, ours)]
    first, second = (wire.read_group(image) for image in seen)
    assert (first.slots, first.ring, first.last_chunk) == (HEAD.slots, HEAD.ring, 3)
    assert (second.slots, second.ring, second.last_chunk) == (HEAD.slots, HEAD.ring, 4)


def test_the_image_of_a_refusal_is_the_same_either_way(clients: tuple[Any, Any]) -> None:
    for each in clients:
        with pytest.raises(each.exceptions.ConditionalCheckFailedException) as refused:
            each.update_item(TableName=settings().pools_table, **CHANGE, ConditionExpression="h > :one AND h < :one")
        assert wire.read_group(refused.value.response["Item"]) == HEAD
        assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_the_images_of_other_tables_keep_their_binary_values(clients: tuple[Any, Any]) -> None:
    _, ours = clients
    told = {"Key": {"pk": {"S": "x"}}, "UpdateExpression": "SET b = :b", "ReturnValues": "ALL_NEW"}
    values = {":b": {"B": b"\x00\x01"}}
    answer = ours.update_item(TableName=settings().calls_table, ExpressionAttributeValues=values, **told)
    assert answer["Attributes"]["b"] == {"B": b"\x00\x01"}


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[1]", b'{"message": "no"}', b'{"Attributes": null}'])
def test_what_is_no_answer_of_dynamodbs_is_left_as_it_is(clients: tuple[Any, Any], body: bytes) -> None:
    response, aside = {"body": body}, dict[str, Any]()
    from chalicelib.pool.image_aside import _aside

    _aside(response, aside)
    assert (response, aside) == ({"body": body}, {})


def test_a_heads_json_is_read_without_its_binary_values_being_decoded_twice() -> None:
    item = json.loads(json.dumps(wire.write_group("p1", 0, HEAD), default=lambda value: _base64(value)))
    assert wire.read_group(item) == HEAD


def _base64(value: bytes) -> str:
    from base64 import b64encode

    return b64encode(value).decode()
