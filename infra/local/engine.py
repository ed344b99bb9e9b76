"""The local AWS engine (ministack) as a managed process.

    engine = start(4566, state_dir, log_file)      # kept running; stop(4566) from any process
    with Engine.temporary() as engine:             # for a test: a free port, gone with the test
        boto3.client("s3", endpoint_url=engine.url, **CREDENTIALS)

It is stopped with SIGTERM, on which it saves its state; a SIGKILL would lose the DynamoDB writes since the last stop.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypedDict

from infra.setup.bootstrap import ENGINE as ENVIRONMENT
from infra.setup.bootstrap import FULL_DISK, ROOT, disk_is_full
from infra.setup.ports import LOOPBACK, command_of, free_port, is_taken, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_PORT = 4566
REGION = "us-east-1"
FOLDER = ROOT / "build" / "engine"
LAUNCHER = Path(__file__).with_name("engine_launcher.py")

HEALTHY_WITHIN_S = 300.0
STOPPED_WITHIN_S = 20.0
LOG_LINES_SHOWN = 12
MEMORY_DISK = Path("/dev/shm")  # noqa: S108
MEMORY_DISK_NEEDED = 2 * 2**30  # every worker unpacks the zip and its layers there; containers often give 64 MB


class Credentials(TypedDict):
    """What a boto3 client or session is made with, beside its endpoint."""

    aws_access_key_id: str
    aws_secret_access_key: str
    region_name: str


CREDENTIALS: Credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}

# Engines this process has started: dropping the object would close the stdin that ties a temporary one to us.
_children: dict[int, subprocess.Popen[bytes]] = {}


class EngineError(Exception):
    """The engine could not be started or stopped, in one sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the engine runs. Without state_dir everything is forgotten at the stop."""

    state_dir: Path | None = None
    auth: bool = False  # enforce the policies of the functions' roles
    stderr_wait: bool = True  # False answers Lambda calls 50 ms sooner (see engine_launcher.py); for measuring


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine."""

    port: int
    pid: int
    log_file: Path
    scratch: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def aws_environment(self) -> dict[str, str]:
        """Return the variables that send boto3, chalice or the AWS command line to this engine and nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def stop(self) -> None:
        """Stop it in good order, and forget it."""
        _terminate(self.pid)
        shutil.rmtree(self.scratch, ignore_errors=True)
        _record(self.port).unlink(missing_ok=True)

    @staticmethod
    @contextlib.contextmanager
    def temporary(options: Options | None = None, port: int | None = None) -> Iterator[Engine]:
        """Yield an engine for the length of a with block, on a free port. It ends even when this process is killed."""
        port = port or free_port()
        log_file = FOLDER / f"temporary-{port}.log"
        starting = _Start(port, log_file, options or Options(), tied_to_us=True)
        engine = starting.run()
        try:
            yield engine
        finally:
            engine.stop()
            log_file.unlink(missing_ok=True)


def start(
    port: int = DEFAULT_PORT,
    state_dir: Path | None = None,
    log_file: Path | None = None,
    *,
    auth: bool = False,
    stderr_wait: bool = True,
) -> Engine:
    """Start an engine that outlives this process. EngineError when the port is taken or it does not come up."""
    options = Options(state_dir, auth, stderr_wait)
    return _Start(port, log_file or FOLDER / f"{port}.log", options, tied_to_us=False).run()


def stop(port: int = DEFAULT_PORT) -> bool:
    """Stop the engine that `start` left on this port. False when there is none."""
    engine = status(port)
    if engine is None:
        return False
    engine.stop()
    return True


def status(port: int = DEFAULT_PORT) -> Engine | None:
    """Return the engine that runs on this port, if this tree started one."""
    record = _record(port)
    if not record.exists():
        return None
    saved = json.loads(record.read_text())
    engine = Engine(saved["port"], saved["pid"], Path(saved["log_file"]), Path(saved["scratch"]))
    if LAUNCHER.name in (command_of(engine.pid) or ""):
        return engine
    record.unlink(missing_ok=True)  # it was killed; the number may be another process by now
    return None


@dataclass(frozen=True, slots=True)
class _Start:
    """One attempt to start an engine."""

    port: int
    log_file: Path
    options: Options
    tied_to_us: bool
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="callpath-engine-", dir=_fast_disk())))

    def run(self) -> Engine:
        try:
            return self._run()
        except BaseException:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise

    def _run(self) -> Engine:
        self._refuse_taken_port()
        if not ENVIRONMENT.python.exists():
            raise EngineError("The local engine is not installed; run `make setup`.")
        for folder in (FOLDER, self.log_file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("wb") as log:
            process = self._spawn(log)
        _children[process.pid] = process
        engine = Engine(self.port, process.pid, self.log_file, self.scratch)
        _record(self.port).write_text(json.dumps(asdict(engine), default=str))
        try:
            self._wait_until_healthy(engine, process)
        except BaseException:
            engine.stop()
            raise
        return engine

    def _refuse_taken_port(self) -> None:
        if not is_taken(self.port):
            return
        pid = owner_of(self.port)
        holder = f"process {pid} ({(command_of(pid) or '?')[:80]})" if pid else "another process"
        raise EngineError(f"Port {self.port} is taken by {holder}; stop it or choose another port.")

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        # -P: the folder of the launcher must not shadow the engine's own modules
        command = [str(ENVIRONMENT.python), "-P", str(LAUNCHER)]
        command += [] if self.options.stderr_wait else ["--no-stderr-wait"]
        command += ["--until-stdin-closes"] if self.tied_to_us else []
        return subprocess.Popen(  # noqa: S603
            command,
            env=self._variables(),
            cwd=self.scratch,
            stdin=subprocess.PIPE if self.tied_to_us else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is for its starter, which then stops it in order
        )

    def _variables(self) -> dict[str, str]:
        """Return a clean environment: nothing of the developer's AWS account may leak into the functions."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "TZ": "UTC",
            "TMPDIR": str(self.scratch),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "LAMBDA_EXECUTOR": "local",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": "true" if self.options.auth else "false",
            "MINISTACK_REGION": REGION,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            **self._state_variables(),
        }

    def _state_variables(self) -> dict[str, str]:
        if self.options.state_dir is None:
            return {"S3_DATA_DIR": str(self.scratch / "s3"), "STATE_DIR": str(self.scratch / "state")}
        state = self.options.state_dir.resolve()
        state.mkdir(parents=True, exist_ok=True)
        return {"PERSIST_STATE": "1", "STATE_DIR": str(state), "S3_PERSIST": "1", "S3_DATA_DIR": str(state / "s3")}

    def _wait_until_healthy(self, engine: Engine, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EngineError(f"The engine ended with code {process.returncode}.{_last_lines(self.log_file)}")
            if _answers(engine.url):
                return
            time.sleep(0.05)
        raise EngineError(f"The engine gave no answer in {HEALTHY_WITHIN_S:.0f} s.{_last_lines(self.log_file)}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _terminate(pid: int) -> None:
    """SIGTERM and wait; SIGKILL for the whole group only when that hangs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPPED_WITHIN_S
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    if _is_alive(pid):
        os.killpg(pid, signal.SIGKILL)
    if child := _children.pop(pid, None):
        child.wait()
        if child.stdin:
            child.stdin.close()


def _is_alive(pid: int) -> bool:
    child = _children.get(pid)
    return child.poll() is None if child else command_of(pid) is not None


def _record(port: int) -> Path:
    return FOLDER / f"{port}.json"


def _fast_disk() -> Path | None:
    """Return the memory disk where there is one with room, else the system's temporary folder."""
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_NEEDED:
        return MEMORY_DISK
    return None


def _last_lines(log_file: Path) -> str:
    text = log_file.read_text(errors="replace")
    if FULL_DISK.search(text):
        return f" For {disk_is_full()}"
    lines = text.splitlines()[-LOG_LINES_SHOWN:]
    return "".join(f"\n  {line}" for line in [f"Last lines of {log_file}:", *lines])
