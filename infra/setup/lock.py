"""Regenerate the locks from the requirements files: `make lock`, or `make lock UPGRADE=1` for newer versions.

One lock serves Python 3.11 to 3.13 (universal resolution with markers), pins every package by hash and names no
registry, so that it installs from any index that the machine's pip is configured for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from infra.setup.bootstrap import DEV, LOCKS, ROOT, SetupError, install_uv, run, say, uv_variables


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock and the requirements it is made from."""

    name: str
    requirements: str
    agrees_with_dev: bool = True  # the same versions as in .venv, so that tests run what is shipped


ALL = (
    Lock("dev.txt", "requirements-dev.txt", agrees_with_dev=False),
    Lock("engine.txt", "requirements-engine.txt", agrees_with_dev=False),
    Lock("lambda.txt", "requirements.txt"),
    Lock("layer.txt", "infra/layer-requirements.txt"),
    Lock("java.txt", "infra/java-requirements.txt"),
    Lock("node.txt", "infra/node-requirements.txt"),
)


def compile_lock(lock: Lock, *, upgrade: bool) -> None:
    """Resolve one requirements file. SetupError when it cannot be resolved, or the lock names a registry."""
    output = LOCKS / lock.name
    say(f"locking {lock.requirements}")
    command = [str(install_uv(DEV)), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--output-file", str(output)]
    command += ["--constraints", str(LOCKS / "dev.txt")] if lock.agrees_with_dev else []
    command += ["--upgrade"] if upgrade else []
    run([*command, lock.requirements], f"locking {lock.requirements}", uv_variables())
    if "://" in output.read_text():
        raise SetupError(f"{output.relative_to(ROOT)} names a registry: locks must install from any index.")


def main(arguments: list[str]) -> int:
    try:
        for lock in ALL:
            compile_lock(lock, upgrade="--upgrade" in arguments)
    except SetupError as problem:
        print(f"lock: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
