"""TCP ports of this machine: which is free, and who holds one that is not."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
from pathlib import Path

LOOPBACK = "127.0.0.1"
LISTENING = "0A"  # the state column of /proc/net/tcp


def free_port() -> int:
    """Return a port nobody listens on, chosen by the operating system."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def owner_of(port: int) -> int | None:
    """Return the process that listens on a port; None when nobody does or the system does not say."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    return next((pid for pid in _processes() if sockets & _open_files(pid)), None)


def _listening_inodes(port: int) -> set[str]:
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == LISTENING and int(row[1].rsplit(":", 1)[1], 16) == port}


def _processes() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()] if proc.exists() else []


def _open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):  # it has ended, or belongs to another user
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                found.add(str(link.readlink()))
    return found


def command_of(pid: int) -> str | None:
    """Return the command line of a living process, else None."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        line = _ask_ps(pid)
    return re.sub(r"\s+", " ", line) or None


def _ask_ps(pid: int) -> str:
    """For macOS, which has no /proc."""
    ps = shutil.which("ps")
    if ps is None:
        return ""
    asked = [ps, "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603
