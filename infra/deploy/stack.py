"""The deployed stack, here or on AWS.

python -m infra.deploy.stack up [--port N] [--fresh]     the local engine with the stack, kept running
python -m infra.deploy.stack down [--keep]
python -m infra.deploy.stack deploy --stage prod         to AWS, or to AWS_ENDPOINT_URL
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.deploy import DeployError, Target, deploy
from infra.deploy.package import Package, PackageError, build
from infra.failures import ended_plainly
from infra.local import engine
from infra.local.engine import Engine, EngineError, Options

# How the engine reports a process that ended before it had loaded the function, as it does now and then on a loaded
# machine: nothing of the function has run. Lambda starts another one by itself.
NOT_STARTED, STARTS = "Worker process exited immediately", 3
FAILURES = (PackageError, EngineError, DeployError, ClientError, BotoCoreError)
LOCAL = {
    "PlainHttp": "allowed",
    "TestClock": "on",
    "TestFetch": "on",
    "AlertSender": "calls@callpath.example",
    "NumberConcurrency": "3",
    "WebhookConcurrency": "3",
}  # one process of 53 MB a concurrent request


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack and the clients to look into it."""

    target: Target
    outputs: dict[str, str]

    @property
    def base_url(self) -> str:
        """What browsers and carriers call, without a slash at its end."""
        return self.outputs["CallpathPublicUrl"]

    def client(self, service: str) -> Any:
        """Return a boto3 client of the engine or account that the stack runs on."""
        return self.target.client(service)

    def environment(self) -> dict[str, str]:
        """Return the AWS_* variables that lead boto3 and `python -m chalicelib --stack …` to this stack."""
        credentials = self.target.session.get_credentials()
        if credentials is None:
            raise DeployError("There are no AWS credentials.")
        here = {
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_DEFAULT_REGION": self.target.session.region_name,
        }
        return here | ({"AWS_ENDPOINT_URL": self.target.endpoint_url} if self.target.endpoint_url else {})

    def invoke(self, task: str, payload: dict[str, Any]) -> Any:
        """Run one function (by its logical id, `CloseDay`) and answer its result. Raises DeployError when it failed."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.target.stack, LogicalResourceId=task
        )["StackResourceDetail"]["PhysicalResourceId"]
        patient = Config(read_timeout=610, retries={"max_attempts": 0})
        caller = self.target.session.client("lambda", endpoint_url=self.target.endpoint_url, config=patient)
        for _ in range(STARTS):
            answer = caller.invoke(FunctionName=found, Payload=json.dumps(payload).encode())
            result = json.loads(answer["Payload"].read() or b"null")
            if not (answer.get("FunctionError") and str(result.get("errorMessage", "")).startswith(NOT_STARTED)):
                break
        if answer.get("FunctionError"):
            raise DeployError(f"{task} failed: {json.dumps(result, ensure_ascii=False)[:600]}")
        return result

    def run_schedule(self, task: str, moment: datetime, detail: dict[str, Any] | None = None) -> Any:
        """Run a scheduled function as EventBridge would at `moment` (aware)."""
        at = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": at,
            "region": self.target.session.region_name,
            "resources": [],
            "detail": detail or {},
        }
        return self.invoke(task, event)

    def leave_time_to_a_story(self) -> None:
        """Turn off what goes by the engine's own clock: the tables' time to live, and the schedules.

        A simulation's items expire in its own time: what it stored weeks ago must not be reaped. And a census that
        comes by while it runs would end a quarantine, or learn a hold, in one run of many.
        """
        dynamodb, events = self.client("dynamodb"), self.client("events")
        for name in (value for key, value in self.outputs.items() if key.endswith("Table")):
            expires = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            if expires["TimeToLiveStatus"] == "ENABLED":
                off = {"Enabled": False, "AttributeName": expires["AttributeName"]}
                dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=off)
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])

    @staticmethod
    @contextlib.contextmanager
    def temporary(options: Options | None = None, *, quiet: bool = False, **parameters: str) -> Iterator[Stack]:
        """Yield the stack on an engine of its own for the length of a with block."""
        package = build()
        with Engine.temporary(options) as running:
            yield deploy_locally(running, package, quiet=quiet, parameters=parameters)


def deploy_locally(running: Engine, package: Package, *, quiet: bool = False, parameters: dict[str, str]) -> Stack:
    """Deploy a package to a running local engine, its clock at the disposal of simulations."""
    session = boto3.session.Session(**engine.CREDENTIALS)
    target = Target(session, "local", running.url, {**LOCAL, **parameters})
    return Stack(target, deploy(target, package, (lambda _: None) if quiet else say))


def deploy_to_aws(stage: str, parameters: dict[str, str]) -> Stack:
    """Deploy to the account and region of the environment, or to AWS_ENDPOINT_URL where that is set."""
    session = boto3.session.Session()
    if session.region_name is None:
        raise DeployError("No AWS region is set; set AWS_DEFAULT_REGION or choose a profile with one.")
    target = Target(session, stage, os.environ.get("AWS_ENDPOINT_URL"), parameters)
    say("packaging")
    return Stack(target, deploy(target, build(), say))


def say(line: str) -> None:
    """One line of progress."""
    print(f"  {time.strftime('%H:%M:%S')}  {line}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy.stack", description="Deploy to AWS, or to AWS_ENDPOINT_URL."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    there = commands.add_parser("deploy", help="create or update the stack of a stage")
    there.add_argument("--stage", required=True)
    there.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a template parameter")
    return parser.parse_args()


def main() -> None:
    """Deploy; a failure is one sentence and exit code 1."""
    asked = _arguments()
    with ended_plainly("deploy", *FAILURES):
        stack = deploy_to_aws(asked.stage, dict(pair.split("=", 1) for pair in asked.parameter))
    print(f"\n  {stack.target.stack} answers at {stack.base_url}/v1/health")


if __name__ == "__main__":
    main()
