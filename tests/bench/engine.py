"""The local engine with the service's tables, for the length of a group of benchmarks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import boto3

from infra.engine import CREDENTIALS, Engine, Options
from infra.tables import create_tables
from tests.conftest import SIGNING_KEY, forget_caches


@contextlib.contextmanager
def tables() -> Iterator[Any]:
    """A low-level DynamoDB client with the hot path's own limits; the environment names the tables."""
    before = dict(os.environ)
    with Engine.temporary(Options(stderr_wait=False)) as engine:
        session = boto3.session.Session(**CREDENTIALS)
        named = create_tables(session.client("dynamodb", endpoint_url=engine.url), "bench")
        queue = session.client("sqs", endpoint_url=engine.url).create_queue(QueueName="bench")["QueueUrl"]
        queues = {f"CALLPATH_{name}_QUEUE": queue for name in ("ATTRIBUTE", "DELIVER", "KEPT")}
        os.environ.update(engine.aws_environment() | named | queues | {"CALLPATH_SIGNING_KEY": SIGNING_KEY})
        forget_caches()
        try:
            from chalicelib import aws

            yield aws.client("dynamodb", hot=True)
        finally:
            os.environ.clear()
            os.environ.update(before)
            forget_caches()
