from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

from infra.local import engine as engines
from infra.local.engine import CREDENTIALS, Engine, EngineError, Options
from infra.setup.bootstrap import ROOT
from infra.setup.ports import free_port, is_taken
from tests.waiting import until

pytestmark = pytest.mark.engine

ROLE = "arn:aws:iam::000000000000:role/powerless"
TABLE: dict[str, Any] = {
    "TableName": "numbers",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def client(engine: Engine, service: str) -> Any:
    return boto3.client(cast(Any, service), endpoint_url=engine.url, **CREDENTIALS)


def deploy(engine: Engine, source: str) -> Any:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("task.py", source)
    functions = client(engine, "lambda")
    functions.create_function(
        FunctionName="task",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=ROLE,
        Handler="task.run",
        Code={"ZipFile": code.getvalue()},
    )
    return functions


def call(functions: Any) -> Any:
    return json.loads(functions.invoke(FunctionName="task")["Payload"].read())


def test_a_temporary_engine_is_gone_after_the_block() -> None:
    with Engine.temporary() as engine:
        client(engine, "dynamodb").create_table(**TABLE)
        assert engines.status(engine.port) == engine
    assert not is_taken(engine.port)
    assert engines.status(engine.port) is None
    assert not engine.scratch.exists()


def test_a_kept_state_survives_a_stop(tmp_path: Path) -> None:
    options = Options(state_dir=tmp_path)
    with Engine.temporary(options) as engine:
        client(engine, "dynamodb").create_table(**TABLE)
        client(engine, "dynamodb").put_item(TableName="numbers", Item={"id": {"S": "+74951234567"}})
        client(engine, "s3").create_bucket(Bucket="facts")
        client(engine, "s3").put_object(Bucket="facts", Key="day", Body=b"calls")
    with Engine.temporary(options) as engine:
        kept = client(engine, "dynamodb").scan(TableName="numbers", ConsistentRead=True)["Items"]
        assert kept == [{"id": {"S": "+74951234567"}}]
        assert client(engine, "s3").get_object(Bucket="facts", Key="day")["Body"].read() == b"calls"


def test_a_taken_port_is_refused_with_the_process_that_holds_it() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(EngineError, match=rf"is taken by process {os.getpid()} \("),
    ):
        engines.start(server.getsockname()[1])


def test_an_engine_that_cannot_start_shows_the_last_lines_of_its_log() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # held but not listening: only the engine finds out
        with pytest.raises(EngineError, match=r"ended with code(?s:.*)[Aa]ddress already in use"):
            engines.start(holder.getsockname()[1])


def test_a_started_engine_outlives_its_starter_and_is_stopped_by_another_process() -> None:
    port = free_port()
    starter = f"from infra.local import engine; engine.start({port})"
    subprocess.run([sys.executable, "-c", starter], check=True, cwd=ROOT)
    engine = engines.status(port)
    assert engine is not None
    client(engine, "sqs").create_queue(QueueName="calls")
    assert engines.stop(port)
    assert not is_taken(port)
    assert not engines.stop(port)


def test_a_temporary_engine_ends_when_its_starter_is_killed() -> None:
    starter = (
        "from infra.local.engine import Engine\nwith Engine.temporary() as e: print(e.pid, e.port, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        _, port = map(int, process.stdout.readline().split())
        engine = engines.status(port)
        assert engine is not None
        process.send_signal(signal.SIGKILL)
    until(lambda: engines.status(port) is None)
    until(lambda: not engine.scratch.exists())


def test_nothing_of_the_developers_own_aws_account_reaches_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as stack:
        with monkeypatch.context() as developer:
            developer.setenv("AWS_PROFILE", "production")
            developer.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
            developer.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
            engine = stack.enter_context(Engine.temporary())
        variables = call(deploy(engine, "import os\ndef run(event, context): return dict(os.environ)"))
    assert "AWS_PROFILE" not in variables
    assert "the-real-one" not in variables.values()
    assert variables["AWS_ENDPOINT_URL"] == engine.url
    assert variables["TZ"] == "UTC"


def is_quick(functions: Any) -> bool:
    """Whether a call took less time than the wait alone takes: with the wait none can, however quick the machine."""
    began = time.perf_counter()
    call(functions)
    return time.perf_counter() - began < 0.05


def test_the_engine_waits_after_silent_calls() -> None:
    with Engine.temporary() as engine:
        functions = deploy(engine, "def run(event, context): return 1")
        assert not any(is_quick(functions) for _ in range(15))


def test_the_wait_after_silent_calls_can_be_removed() -> None:
    with Engine.temporary(Options(stderr_wait=False)) as engine:
        functions = deploy(engine, "def run(event, context): return 1")
        until(lambda: is_quick(functions), "a call without the wait")


@pytest.mark.parametrize(("auth", "answer"), [(False, "listed"), (True, "AccessDeniedException")])
def test_the_roles_of_the_functions_are_enforced_when_asked_for(auth: bool, answer: str) -> None:
    source = """
import boto3, botocore.exceptions
def run(event, context):
    try:
        boto3.client("dynamodb").list_tables()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "listed"
"""
    with Engine.temporary(Options(auth=auth)) as engine:
        policy = {"Version": "2012-10-17", "Statement": []}
        client(engine, "iam").create_role(RoleName="powerless", AssumeRolePolicyDocument=json.dumps(policy))
        functions = deploy(engine, source)
        functions.update_function_configuration(FunctionName="task", Timeout=20)
        assert call(functions) == answer
