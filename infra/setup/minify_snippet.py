"""Make chalicelib/pool/snippet.min.js, which is served, from snippet.js, which is read.

    python -m infra.setup.minify_snippet

The result is committed, so that neither a deployment nor a test needs the minifier; its first line names the source it
was made from, and a test compares.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

from infra.setup.bootstrap import ROOT, SetupError
from infra.setup.tools import NpmPackage, installed, unpack

SOURCE = ROOT / "chalicelib" / "pool" / "snippet.js"
RESULT = SOURCE.with_suffix(".min.js")
OPTIONS = ("--minify", "--target=es2017", "--charset=ascii", "--loader=js")

ESBUILD = NpmPackage(
    "@esbuild/linux-x64",
    "0.28.2",
    "4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
)


def first_line(source: bytes) -> str:
    """Return the comment that ties a result to its source."""
    return f"// callpath, Apache-2.0; from snippet.js {hashlib.sha256(source).hexdigest()[:16]}"


def minified(source: bytes) -> str:
    """Return the script on one line below its first. Raises SetupError where the minifier cannot be had or refuses."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SetupError("The snippet is minified on Linux x86_64 only; esbuild there is the one pinned.")
    esbuild = installed("esbuild", _unpack) / "bin" / "esbuild"
    done = subprocess.run([str(esbuild), *OPTIONS], input=source, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SetupError(f"esbuild refused snippet.js: {done.stderr.decode().strip()}")
    return f"{first_line(source)}\n{done.stdout.decode().strip()}\n"


def _unpack(folder: Path) -> None:
    unpack(ESBUILD.download(), folder, "package")
    (folder / "bin" / "esbuild").chmod(0o755)


def main() -> int:
    """Write the result; 1 where that is not possible."""
    try:
        RESULT.write_text(minified(SOURCE.read_bytes()), encoding="ascii")
    except SetupError as problem:
        print(f"minify: {problem}", file=sys.stderr)
        return 1
    print(f"{RESULT.relative_to(ROOT)}: {RESULT.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
