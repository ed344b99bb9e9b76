from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.setup.bootstrap import (
    DEV,
    ENGINE,
    LOCKS,
    ROOT,
    Environment,
    SetupError,
    choose_python,
    lines_of,
    python_version,
    reason,
    variables_for_uv,
)

BOOTSTRAP = ROOT / "infra" / "setup" / "bootstrap.py"
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall((LOCKS / lock).read_text()):
        found.setdefault(name, set()).add(version)
    return found


def test_a_shim_that_exists_and_fails_is_passed_over(tmp_path: Path) -> None:
    shim = program(tmp_path / "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    assert choose_python([shim, sys.executable]) == sys.executable


def test_a_python_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    old = program(tmp_path / "python3", "echo '(3, 9, 2)'")
    with pytest.raises(SetupError, match=rf"needs Python 3\.11.*{old}"):
        choose_python([old])


def test_a_python_that_is_not_there_has_no_version() -> None:
    assert python_version("/nowhere/python3") is None


def test_bootstrap_can_be_read_by_pythons_too_old_for_the_project() -> None:
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 8))


def test_an_environment_is_current_until_its_lock_changes(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("six==1.17.0\n")
    environment = Environment(tmp_path / "venv", lock)
    assert not environment.is_current()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment.folder], check=True)
    environment.mark_current()
    assert environment.is_current()
    lock.write_text("six==1.16.0\n")
    assert not environment.is_current()


def test_setting_up_again_does_nothing_and_says_nothing() -> None:
    def installed() -> dict[Path, int]:
        folders = (environment.folder for environment in (DEV, ENGINE))
        packages = (found for folder in folders for found in folder.glob("lib/python*/site-packages"))
        stamps = (folder.folder / "lock.sha256" for folder in (DEV, ENGINE))
        return {path: path.stat().st_mtime_ns for path in (*packages, *stamps)}

    before = installed()
    again = subprocess.run([sys.executable, BOOTSTRAP], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(before) == 4 and installed() == before


def test_a_fresh_clone_gets_both_environments_with_exactly_what_is_locked(tmp_path: Path) -> None:
    setup, locks = tmp_path / "infra" / "setup", tmp_path / "infra" / "locks"
    for folder in (setup, locks):
        folder.mkdir(parents=True)
    (setup / "bootstrap.py").write_text(BOOTSTRAP.read_text())
    dev = (LOCKS / "dev.txt").read_text()
    (locks / "dev.txt").write_text(lines_of("uv", dev) + lines_of("pip", dev) + lines_of("six", dev))
    (locks / "engine.txt").write_text(lines_of("six", dev))

    done = subprocess.run([sys.executable, setup / "bootstrap.py"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "ready after" in done.stdout
    for environment, expected in ((".venv", {"uv", "pip", "six"}), (".venv-engine", {"six"})):
        found = {entry.name.split("-")[0] for entry in (tmp_path / environment).rglob("*.dist-info")}
        assert found - {"setuptools"} == expected  # which Python 3.11 puts beside pip, and uv leaves alone


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error sending request\n  cause: dns error", "registry cannot be reached"),
        ("ERROR: Could not find a version that satisfies uv (from versions: none)", "registry cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES"),
        ("", "it printed nothing"),
    ],
)
def test_a_failure_says_why(output: str, words: str) -> None:
    assert words in reason(output)


def test_uv_goes_where_pip_is_configured_to_go() -> None:
    settings = "global.index-url='https://mirror.example/simple'\nglobal.cert='/etc/ca.pem'\ninstall.no-compile='yes'"
    assert variables_for_uv(settings) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_a_pip_variable_wins_over_a_pip_file() -> None:
    settings = ":env:.index-url='https://variable.example'\nglobal.index-url='https://file.example'"
    assert variables_for_uv(settings) == {"UV_DEFAULT_INDEX": "https://variable.example"}


@pytest.mark.parametrize("lock", sorted(path.name for path in LOCKS.glob("*.txt")))
def test_a_lock_pins_by_hash_and_names_no_registry(lock: str) -> None:
    text = (LOCKS / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    packages = [line.split("==")[0] for line in text.splitlines() if PIN.match(line)]
    assert packages
    assert all("--hash=sha256:" in lines_of(package, text) for package in packages)


@pytest.mark.parametrize("lock", ["lambda.txt", "layer.txt"])
def test_the_tests_run_the_versions_that_are_shipped(lock: str) -> None:
    dev = pins("dev.txt")
    assert {name: versions for name, versions in pins(lock).items() if not versions <= dev.get(name, set())} == {}


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [
        ("requirements.txt", "lambda.txt"),
        ("requirements-dev.txt", "dev.txt"),
        ("requirements-engine.txt", "engine.txt"),
        ("infra/layer-requirements.txt", "layer.txt"),
    ],
)
def test_the_locks_hold_what_the_requirements_ask_for(requirements: str, lock: str) -> None:
    asked = dict(PIN.findall((ROOT / requirements).read_text()))
    assert {name: {version} for name, version in asked.items()}.items() <= pins(lock).items()


def test_what_the_lambda_runtime_or_the_layer_brings_is_not_in_every_functions_zip() -> None:
    assert not {"boto3", "chalice", "duckdb", "xlsxwriter"} & set(pins("lambda.txt"))
