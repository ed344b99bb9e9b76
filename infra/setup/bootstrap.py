"""Set up a fresh clone: choose a Python, make .venv and .venv-engine, install exactly what the locks pin.

Run by any `python3` that the machine has, so it needs the standard library only, and starts even on a Python too old
for the project, to say so in a sentence instead of a SyntaxError. The local engine has an environment of its own
because it pins botocore.
"""

from __future__ import annotations

import ast
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ROOT / "infra" / "locks"
OLDEST_PYTHON = (3, 11)
DISK_NEEDED_MB = 1500

# uv installs in seconds what takes pip minutes, but it does not read pip's configuration: these are carried over, so
# that a machine whose pip goes to a mirror of its own goes nowhere else.
PIP_OPTION_TO_UV_VARIABLE = {
    "index-url": "UV_DEFAULT_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}

FULL_DISK = re.compile(r"no space left on device|os error 28|errno 28", re.IGNORECASE)
READ_ONLY = re.compile(r"read-only file system|permission denied|os error 30\b|errno 30\b|errno 13\b", re.IGNORECASE)
AN_ERROR = re.compile(r"\s*(error|fatal|\w*Error)\b", re.IGNORECASE)
LINES_SHOWN, MOST_LINES_SHOWN = 5, 25  # of a tool that failed
NO_NETWORK = re.compile(
    r"dns error|error sending request|failed to fetch|connection refused|connection reset|network is unreachable"
    r"|name or service not known|name resolution|newconnectionerror|timed out|proxyerror|from versions: none",
    re.IGNORECASE,
)


class SetupError(Exception):
    """What stopped the set-up, in one sentence for the person who ran make."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the lock that says what is in it."""

    folder: Path
    lock: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def is_current(self) -> bool:
        """Whether it holds what the lock says, for the Python that runs in it now."""
        stamp = self.folder / "lock.sha256"
        return stamp.exists() and stamp.read_text() == self._fingerprint()

    def mark_current(self) -> None:
        (self.folder / "lock.sha256").write_text(self._fingerprint())

    def _fingerprint(self) -> str:
        version = python_version(self.python)
        return hashlib.sha256(self.lock.read_bytes() + repr(version).encode()).hexdigest()


DEV = Environment(ROOT / ".venv", LOCKS / "dev.txt")
ENGINE = Environment(ROOT / ".venv-engine", LOCKS / "engine.txt")


def python_version(python: Path | str) -> tuple[int, int, int] | None:
    """Return the version of an interpreter that really runs and can make virtual environments, else None."""
    # A version manager's shim can exist and fail; Debian's python3 without python3-venv has no ensurepip.
    probe = "import sys, venv, ensurepip; print(tuple(sys.version_info[:3]))"
    try:
        answer = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode != 0:
        return None
    major, minor, patch = ast.literal_eval(answer.stdout.strip())
    return (major, minor, patch)


def choose_python(candidates: Sequence[str]) -> str:
    """Return the first candidate that runs and is new enough. SetupError names what was tried."""
    for candidate in candidates:
        version = python_version(candidate)
        if version and version >= OLDEST_PYTHON:
            return candidate
    raise SetupError(
        "callpath needs Python 3.11, 3.12 or 3.13 with venv and ensurepip (on Debian: the package python3-venv); "
        f"none of these will do: {', '.join(candidates)}."
    )


def make_environment(environment: Environment, candidates: Sequence[str], *, with_pip: bool) -> None:
    """Create the virtual environment, unless a working one is there to be brought up to date."""
    version = python_version(environment.python)
    if version and version >= OLDEST_PYTHON:
        return
    python = choose_python(candidates)
    say(f"making {environment.folder.name} with {python}")
    options = ["--clear"] if with_pip else ["--clear", "--without-pip"]
    run([python, "-m", "venv", *options, str(environment.folder)], f"making {environment.folder.name}")


def install_uv(environment: Environment) -> Path:
    """Return the uv inside this environment, put there by pip from the environment's own lock."""
    uv = environment.folder / "bin" / "uv"
    if not uv.exists():
        say("installing uv")
        with tempfile.TemporaryDirectory() as folder:
            lock = Path(folder) / "uv.txt"
            lock.write_text(lines_of("uv", environment.lock.read_text()))
            pip = [str(environment.python), "-m", "pip", "install", "--quiet", "--require-hashes"]
            run([*pip, "--requirement", str(lock)], "installing uv")
    return uv


def lines_of(package: str, lock: str) -> str:
    """Return the part of a lock that pins one package: its line and the indented ones below."""
    found = re.search(rf"^{re.escape(package)}==.*\n(?:[ \t]+.*\n)*", lock, re.MULTILINE)
    if found is None:
        raise SetupError(f"The lock does not pin {package}; run `make lock`.")
    return found.group()


def install(environment: Environment, uv: Path) -> None:
    """Make the environment hold exactly what its lock says, nothing more."""
    say(f"installing {environment.lock.name} into {environment.folder.name}")
    sync = [str(uv), "pip", "sync", "--quiet", "--require-hashes", "--python", str(environment.python)]
    run([*sync, str(environment.lock)], f"installing into {environment.folder.name}", uv_variables())
    environment.mark_current()


def uv_variables() -> dict[str, str]:
    """Return the environment for uv that makes it follow pip's configuration."""
    settings = run([str(DEV.python), "-m", "pip", "config", "list"], "reading pip's configuration")
    return {**variables_for_uv(settings), "UV_PYTHON_DOWNLOADS": "never"}


def variables_for_uv(pip_settings: str) -> dict[str, str]:
    """Translate the output of `pip config list`; a PIP_… variable wins over a file, as it does in pip."""
    lines = [line.partition("=") for line in pip_settings.splitlines() if "=" in line]
    from_files_first = sorted(lines, key=lambda line: line[0].startswith(":env:"))
    chosen = {name.rsplit(".", 1)[-1]: ast.literal_eval(value) for name, _, value in from_files_first}
    return {uv: chosen[pip] for pip, uv in PIP_OPTION_TO_UV_VARIABLE.items() if pip in chosen}


def run(command: Sequence[str], doing: str, variables: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it printed. SetupError says what was being done and why it failed."""
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, env={**os.environ, **(variables or {})}, cwd=ROOT, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{doing} failed: {reason(done.stdout + done.stderr)}")
    return done.stdout


def reason(output: str) -> str:
    """Why a tool failed, in words that say what to do, else the end of what it printed, from its last error on."""
    if FULL_DISK.search(output):
        return disk_is_full()
    if READ_ONLY.search(output):
        return f"a folder cannot be written to.\n  {the_end_of(output)}"
    if NO_NETWORK.search(output):
        return (
            f"the package registry cannot be reached; check the network and `pip config list`.\n  {the_end_of(output)}"
        )
    return the_end_of(output) or "it printed nothing."


def the_end_of(output: str) -> str:
    """Return the last error a tool printed and all that follows it, in whole lines; without one, its last lines."""
    lines = output.strip().splitlines()
    errors = [place for place, line in enumerate(lines) if AN_ERROR.match(line)]
    while len(errors) > 1 and errors[-1] - errors[-2] == 1:  # one error of several lines
        errors.pop()
    begin = errors[-1] if errors else len(lines) - LINES_SHOWN
    return "\n  ".join(lines[max(begin, len(lines) - MOST_LINES_SHOWN, 0) :])


def plainly(problem: OSError) -> str:
    """Say what the operating system refused, in words that say what to do."""
    where = problem.filename or ROOT
    if problem.errno in (errno.ENOSPC, errno.EDQUOT) or FULL_DISK.search(str(problem)):  # shutil hides it in a list
        return disk_is_full()
    if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{where} cannot be written to; the folder of the project and {tempfile.gettempdir()} must be writable."
    if problem.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return f"something else is in the way at {where}; move it elsewhere."
    return str(problem)


def disk_is_full() -> str:
    """Say that the disk is full, and how much is free where we write."""
    folders = dict.fromkeys((str(ROOT), tempfile.gettempdir()))
    free = ", ".join(f"{shutil.disk_usage(folder).free // 2**20} MB are free at {folder}" for folder in folders)
    return f"the disk is full: {free}."


def check_disk() -> None:
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < DISK_NEEDED_MB:
        raise SetupError(f"Setting up needs {DISK_NEEDED_MB} MB of disk; {free} MB are free at {ROOT}.")


@contextlib.contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Let one process at a time into this part; others wait for it."""
    folder = ROOT / ".tools"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def set_up() -> None:
    """Bring both environments to what the locks say. Does next to nothing when they are already there."""
    if DEV.is_current() and ENGINE.is_current():
        return
    began = time.monotonic()
    check_disk()
    candidates = ("python3.13", "python3.12", sys.executable, "python3.11")
    make_environment(DEV, candidates, with_pip=True)
    uv = install_uv(DEV)
    install(DEV, uv)
    make_environment(ENGINE, (str(DEV.python),), with_pip=False)
    install(ENGINE, uv)
    say(f"ready after {time.monotonic() - began:.0f} s")


def main() -> int:
    try:
        with exclusive("setup"):
            set_up()
    except SetupError as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"setup: {plainly(problem)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped; `make setup` goes on where it was.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
