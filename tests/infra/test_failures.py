"""A full disk, a folder that cannot be written to and a Ctrl-C end a command with one line and leave nothing behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.failures import INTERRUPTED, ended_plainly
from infra.local import engine as engines
from infra.setup.bootstrap import ROOT, SetupError, plainly, reason, run
from infra.setup.ports import command_of, free_port, is_taken

PIP = """Collecting six==1.17.0
  Downloading six-1.17.0.whl (11 kB)
Installing collected packages: six
ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '/nowhere/six.py'
  Check the permissions, and the owner of that directory.
  The last line of it.
"""
CHATTY = "\n".join(f"line {number}" for number in range(40)) + "\nerror: first\nmore\nerror: second\nof two lines\n"


def mounted(folder: Path, options: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command to which `folder` is a file system of its own, in a mount namespace that goes with it."""
    if shutil.which("unshare") is None:
        pytest.skip("needs Linux's unshare")
    folder.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o {options} tmpfs "{folder}" || exit 99; exec "$@"'
    wrapped = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *command]
    done = subprocess.run(wrapped, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip("file systems cannot be mounted here")
    return done


@pytest.mark.parametrize(
    ("options", "words"), [("size=4k,nr_inodes=1", "the disk is full: "), ("ro", "cannot be written to")]
)
def test_the_demo_says_in_a_line_that_it_cannot_write(tmp_path: Path, options: str, words: str) -> None:
    folder = tmp_path / "build"
    script = f"from pathlib import Path; import infra.demo.run as demo; demo.FOLDER = Path({str(folder / 'demo')!r}); "
    done = mounted(folder, options, [sys.executable, "-c", script + "demo.main()"])
    assert done.returncode == 1
    assert done.stderr.startswith("demo failed: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [("size=200k", "Setting up needs 1500 MB of disk; 0 MB are free"), ("ro", "cannot be written to")],
)
def test_the_setup_says_in_a_line_that_it_cannot_write(tmp_path: Path, options: str, words: str) -> None:
    clone, original = tmp_path / "clone", tmp_path / "original"
    (original / "infra" / "locks").mkdir(parents=True)
    for name in ("dev.txt", "engine.txt"):
        (original / "infra" / "locks" / name).write_text("six==1.17.0\n")
    (original / "infra" / "setup").mkdir()
    shutil.copy(ROOT / "infra" / "setup" / "bootstrap.py", original / "infra" / "setup")
    copy_and_run = f'mount -o remount,size=200k "{clone}" && cp -r "{original}/." "{clone}"; '
    copy_and_run += f'mount -o remount,{options} "{clone}"; '
    copy_and_run += f'exec "{sys.executable}" -B "{clone}/infra/setup/bootstrap.py"'
    done = mounted(clone, "size=200k", ["sh", "-c", copy_and_run])
    assert done.returncode == 1
    assert done.stderr.startswith("setup: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "the disk is full: "),
        (shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]), "the disk is full: "),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "/x/y cannot be written to"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y cannot be written to"),
        (FileExistsError(errno.EEXIST, "File exists", "/x/y"), "something else is in the way at /x/y"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
    ],
)
def test_what_the_system_refuses_is_said_plainly(problem: OSError, words: str) -> None:
    assert words in plainly(problem)
    with pytest.raises(SystemExit) as ended, ended_plainly("demo"):
        raise problem
    assert str(ended.value).startswith(f"demo failed: {plainly(problem)}")


def test_the_end_of_what_a_tool_printed_is_shown_in_whole_lines_from_its_last_error_on() -> None:
    assert reason(PIP).splitlines() == [
        line if place == 0 else f"  {line}" for place, line in enumerate(PIP.splitlines()[3:])
    ]
    assert reason(CHATTY).splitlines() == ["error: second", "  of two lines"]
    assert reason("\n".join(f"line {number}" for number in range(40))).splitlines()[0] == "line 35"
    assert reason("error: a\n" + "x\n" * 100).splitlines()[0] == "x"


def test_pips_own_failure_is_shown_to_its_end(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--target", str(tmp_path), "no-such-package-of-ours"]
    with pytest.raises(SetupError, match=r"^installing failed: (?s:.*)no-such-package-of-ours$"):
        run(pip, "installing")


def child_of(pid: int, script: str) -> int | None:
    """Return the process that `pid` has started with this script."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and script in (command_of(int(entry.name)) or ""):
            stat = (entry / "stat").read_text() if (entry / "stat").exists() else ""
            if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
                return int(entry.name)
    return None


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come, however slow the machine is."""
    while not condition():
        time.sleep(0.05)


@pytest.mark.engine
@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_ctrl_c_ends_with_one_line_and_leaves_nothing_behind(command: str) -> None:
    port = free_port()
    modules = {"demo": ["infra.demo.run", "--days", "1"], "up": ["infra.local.up_down", "up", "--port", str(port)]}
    with subprocess.Popen(
        [sys.executable, "-m", *modules[command]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        until(lambda: "creating the stack" in process.stdout.readline())  # type: ignore[union-attr]
        engine = child_of(process.pid, engines.LAUNCHER.name)
        assert engine is not None
        environment = Path(f"/proc/{engine}/environ").read_text().split("\0")
        settings = dict(line.split("=", 1) for line in environment if "=" in line)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground hears of it
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said.strip()) == (INTERRUPTED, f"{command}: stopped, nothing is left behind")
    assert command_of(engine) is None
    assert not is_taken(int(settings["GATEWAY_PORT"]))
    assert not Path(settings["TMPDIR"]).exists()
    assert engines.status(int(settings["GATEWAY_PORT"])) is None
    assert not (ROOT / "build" / "state" / str(port)).exists()
    assert not list(engines.FOLDER.glob(f"*{settings['GATEWAY_PORT']}.*"))


@pytest.mark.engine
def test_up_serves_on_the_ports_it_is_given_and_down_takes_everything_away() -> None:
    port, site_port = free_port(), free_port()
    local = [sys.executable, "-m", "infra.local.up_down"]
    asked = ["--port", str(port), "--site-port", str(site_port)]
    up = subprocess.run([*local, "up", *asked], capture_output=True, text=True, cwd=ROOT, check=False)
    try:
        assert up.returncode == 0, up.stderr
        assert f"http://localhost:{site_port}/" in up.stdout
        assert f"make down PORT={port}" in up.stdout
        assert is_taken(port)
        assert is_taken(site_port)
        assert json.loads((ROOT / "build" / "state" / str(port) / "shop.json").read_text())["site_key"]
    finally:
        down = subprocess.run(
            [*local, "down", "--port", str(port)], capture_output=True, text=True, cwd=ROOT, check=False
        )
    assert down.returncode == 0, down.stderr
    assert not is_taken(port)
    assert not is_taken(site_port)
    assert not (ROOT / "build" / "state" / str(port)).exists()
