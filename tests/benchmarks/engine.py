"""Either local engine with the service's tables, for the length of a group of benchmarks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import boto3
from pynamodb.models import Model

from infra.local import dynamodb_local
from infra.local.engine import CREDENTIALS, Engine, Options
from infra.local.tables import create_tables
from tests.conftest import SIGNING_KEY, forget_caches


@contextlib.contextmanager
def tables() -> Iterator[Any]:
    """Yield the local AWS engine: a DynamoDB client with the hot path's own limits; the environment names all."""
    with Engine.temporary(Options(stderr_wait=False)) as engine:
        queue = _session().client("sqs", endpoint_url=engine.url).create_queue(QueueName="bench")["QueueUrl"]
        queues = {f"CALLPATH_{name}_QUEUE": queue for name in ("ATTRIBUTE", "DELIVER", "KEPT")}
        with _client(engine.url, engine.aws_environment() | queues) as client:
            yield client


@contextlib.contextmanager
def counted_tables() -> Iterator[Any]:
    """Yield the same on DynamoDB Local, Amazon's own engine, which reports the units of every kind of request."""
    with dynamodb_local.running() as engine:
        region = CREDENTIALS["region_name"]
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": region}
        with _client(engine.url, keys | {"AWS_REGION": region, "AWS_ENDPOINT_URL": engine.url}) as client:
            yield client


@contextlib.contextmanager
def _client(url: str, variables: dict[str, str]) -> Iterator[Any]:
    before = dict(os.environ)
    named = create_tables(_session().client("dynamodb", endpoint_url=url), "bench")
    os.environ.update(variables | named | {"CALLPATH_SIGNING_KEY": SIGNING_KEY, "CALLPATH_TEST_CLOCK": "on"})
    _forget()
    try:
        from chalicelib.runtime import aws

        yield aws.dynamodb(hot=True)
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget()


def _forget() -> None:
    """Forget the engine of another group: what the service remembers, and pynamodb's connection of each model."""
    forget_caches()
    for model in Model.__subclasses__():
        model._connection = None


def _session() -> boto3.session.Session:
    return boto3.session.Session(**CREDENTIALS)
