"""Fixtures that every test may use: AWS in process (moto), and the local engine where the truth about races matters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from msgspec import structs

from chalicelib.runtime.settings import Settings, variable_of
from tests.fakes.carrier_server import CarrierServer, carrier_server

REGION, ACCOUNT = "eu-central-1", "123456789012"  # the account that moto plays
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
SIGNING_KEY = "a signing key for tests, 32 bytes long"

# The same examples in every run, however long a loaded machine takes over one of them.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# Every botocore session reads the services' models anew, a third of a second a test: they may share one loader.
botocore.session.create_loader = lru_cache(botocore.session.create_loader)

# Every client, to close its connections after the test: left open, they fail the test in which they are collected.
_clients: WeakSet[Any] = WeakSet()
_create_client = botocore.session.Session.create_client


def _remembered(session: botocore.session.Session, *asked: Any, **how: Any) -> Any:
    client = _create_client(session, *asked, **how)
    _clients.add(client)
    return client


botocore.session.Session.create_client = _remembered  # type: ignore[method-assign, assignment]


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker deploys the stack and runs all tests of it; of the others each file has one worker."""
    for item in items:
        deployed = "stack" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("stack" if deployed else item.nodeid.partition("::")[0]))
        if deployed:
            item.add_marker(pytest.mark.engine)


REQUIRED = {field.name for field in structs.fields(Settings) if field.required}

# Storage that answers late is an outage to the product, and on a loaded machine it may: only tests of outages want one.
PATIENT = {"connect_timeout": 60, "read_timeout": 60}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the developer's own AWS account, and none sees another's caches."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CALLPATH_"))]:
        if name not in ("CALLPATH_CHROMIUM", "CALLPATH_SKIP_DYNAMODB_LOCAL"):
            monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CALLPATH_SIGNING_KEY", SIGNING_KEY)
    monkeypatch.setenv("CALLPATH_PUBLIC_URL", "https://calls.example.com/api")
    monkeypatch.setenv("CALLPATH_STAGE", "test")
    for name in REQUIRED - {"signing_key"}:
        monkeypatch.setenv(variable_of(name), "none-yet")  # a test that stores anything names what it stores it in
    for limits in ("HOT_TIMEOUTS", "HOT_ASIDE_TIMEOUTS"):
        monkeypatch.setattr(f"chalicelib.runtime.aws.{limits}", PATIENT)
    forget_caches()
    yield
    forget_caches()
    for client in list(_clients):  # one that is used again opens new ones
        client.close()


def forget_caches() -> None:
    """Empty what a container keeps between requests: settings, clients and the registry's minute."""
    import sys

    for name, module in sys.modules.copy().items():  # in one step: a thread left behind may still import
        if name.startswith("chalicelib") and module is not None:
            for value in vars(module).copy().values():
                clear = getattr(value, "cache_clear", None)
                if callable(clear) and not isinstance(value, type):
                    clear()
    if "pynamodb.models" in sys.modules:  # a model keeps its connection, though the engine is another by now
        for model in sys.modules["pynamodb.models"].Model.__subclasses__():
            model._connection = None


@pytest.fixture
def aws(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Moto with all tables, queues and the bucket; the environment names them. Single-threaded tests only."""
    import boto3
    from moto import mock_aws
    from moto.dynamodb import dynamodb_backends
    from moto.s3 import s3_backends
    from moto.sqs import sqs_backends

    named, tables = _tables()
    with mock_aws():  # what a test finds there is put there past HTTP: it would be most of what a small test costs
        dynamodb_backends[ACCOUNT][REGION].tables.update(deepcopy(tables))
        s3_backends[ACCOUNT]["aws"].create_bucket("test-callpath", REGION)
        for queue in ("attribute", "deliver", "kept", "recording", "contact"):
            sqs_backends[ACCOUNT][REGION].create_queue(f"test-{queue}")
            url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/test-{queue}"
            monkeypatch.setenv(f"CALLPATH_{queue.upper()}_QUEUE", url)
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CALLPATH_BUCKET", "test-callpath")
        # A loaded machine must not make an outage of what is no test of one.
        monkeypatch.setattr("chalicelib.carriers.receive_call.ANSWER_SECONDS", 60)
        forget_caches()
        yield boto3.session.Session(region_name=REGION)


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], Any]:
    """The environment that names the tables, and the empty tables as moto holds them: each test gets a copy."""
    import boto3
    from moto import mock_aws
    from moto.dynamodb import dynamodb_backends

    from infra.local.tables import create_tables

    with mock_aws():
        named = create_tables(boto3.client("dynamodb", region_name=REGION), "test")
        return named, deepcopy(dynamodb_backends[ACCOUNT][REGION].tables)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CarrierServer]:
    """A carrier on this machine, which only the setting for tests lets us ask."""
    monkeypatch.setenv("CALLPATH_TEST_FETCH", "on")
    forget_caches()
    with carrier_server() as running:
        yield running


@pytest.fixture(scope="module", params=["local engine", "DynamoDB Local"])
def dynamodb_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a real DynamoDB, where the truth about races and limits is: the local engine, then DynamoDB Local."""
    from infra.local import dynamodb_local
    from infra.local.engine import Engine

    started: Any = Engine.temporary() if request.param == "local engine" else dynamodb_local.running()
    with ExitStack() as stack:
        try:
            running = stack.enter_context(started)
        except dynamodb_local.EngineUnavailable as problem:
            if os.environ.get("CALLPATH_SKIP_DYNAMODB_LOCAL") == "1":
                pytest.skip(str(problem))
            raise
        yield running.url


@pytest.fixture(scope="session")
def stack() -> Iterator[Any]:
    """The packaged service, deployed by its template on a local engine that enforces the functions' roles."""
    from infra.deploy.stack import Stack
    from infra.local.engine import Options

    with Stack.temporary(Options(auth=True), quiet=True) as deployed:
        yield deployed
