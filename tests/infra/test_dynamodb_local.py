from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import dynamodb_local
from infra.local.dynamodb_local import EngineUnavailable, java_version
from infra.local.engine import CREDENTIALS, Credentials
from infra.setup.bootstrap import ROOT
from infra.setup.ports import is_taken
from tests.infra.test_engine import TABLE
from tests.waiting import until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def tables() -> Iterator[Any]:
    try:
        with dynamodb_local.running() as engine:
            client = boto3.client("dynamodb", endpoint_url=engine.url, **CREDENTIALS)
            client.create_table(**TABLE)
            yield client
    except EngineUnavailable as problem:
        if os.environ.get("CALLPATH_SKIP_DYNAMODB_LOCAL") == "1":
            pytest.skip(str(problem))
        raise


def test_it_refuses_a_write_whose_condition_fails_and_returns_the_old_item(tables: Any) -> None:
    key = {"id": {"S": "+74951234567"}}
    tables.put_item(TableName="numbers", Item={**key, "holder": {"S": "v1"}})
    with pytest.raises(ClientError) as refusal:
        tables.update_item(
            TableName="numbers",
            Key=key,
            UpdateExpression="SET holder = :v",
            ConditionExpression="attribute_not_exists(holder)",
            ExpressionAttributeValues={":v": {"S": "v2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response: dict[str, Any] = {**refusal.value.response}
    assert response["Item"]["holder"] == {"S": "v1"}


def test_it_counts_consumed_capacity(tables: Any) -> None:
    answer = tables.put_item(TableName="numbers", Item={"id": {"S": "x" * 1500}}, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 2.0


def test_every_region_sees_the_same_tables(tables: Any) -> None:
    credentials: Credentials = {**CREDENTIALS, "region_name": "eu-central-1"}
    elsewhere = boto3.client("dynamodb", endpoint_url=tables.meta.endpoint_url, **credentials)
    assert "numbers" in elsewhere.list_tables()["TableNames"]


def test_it_ends_when_its_starter_is_killed() -> None:
    starter = "from infra.local import dynamodb_local as d\nwith d.running() as e: print(e.port, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert is_taken(port)
        process.kill()
    until(lambda: not is_taken(port))


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "25" 2025-09-16', 25),
    ],
)
def test_a_java_shows_its_version(tmp_path: Path, printed: str, version: int) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{printed}' >&2\n")
    java.chmod(0o755)
    assert java_version(str(java)) == version


def test_a_java_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert java_version(str(tmp_path / "java")) is None
