"""The built package, imported as Lambda would: nothing but the zip, its layer and what the runtime has."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.deploy.package import IN_THE_RUNTIME, NOT_DEPLOYED, Package, build

IMPORT_ALL = """
import pkgutil, sys
sys.path[:0] = sys.argv[1:]
import app, chalicelib
for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    if len(sys.argv) > 3 or "reports" not in module.name:
        __import__(module.name)
print("imported", sum(name.startswith("chalicelib") for name in sys.modules))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    package: Package = build()
    folders = {}
    for name, file in (("zip", package.zip_file), ("layer", package.layer_file)):
        folders[name] = tmp_path_factory.mktemp(name)
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folders[name])
    folders["runtime"] = tmp_path_factory.mktemp("runtime")
    for name in IN_THE_RUNTIME:
        found = importlib.util.find_spec(name) if name.isidentifier() else None
        if found and found.origin:
            origin = Path(found.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            (folders["runtime"] / source.name).symlink_to(source)
    return folders


def run_alone(*folders: Path) -> str:
    command = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, *map(str, folders)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def test_every_task_imports_from_the_zip_alone(unpacked: dict[str, Path]) -> None:
    assert "imported" in run_alone(unpacked["zip"], unpacked["runtime"])


def test_the_report_tasks_import_from_the_zip_and_the_layer(unpacked: dict[str, Path]) -> None:
    assert "imported" in run_alone(unpacked["zip"], unpacked["runtime"], unpacked["layer"] / "python")


def test_the_command_line_and_the_simulators_are_not_deployed(unpacked: dict[str, Path]) -> None:
    deployed = {str(file.relative_to(unpacked["zip"])) for file in (unpacked["zip"] / "chalicelib").rglob("*")}
    assert "chalicelib/carriers/receive_call.py" in deployed
    assert not [name for name in deployed if name.startswith(NOT_DEPLOYED)]


def test_what_the_layer_carries_runs(unpacked: dict[str, Path]) -> None:
    script = "import sys; sys.path[:0] = sys.argv[1:]; import duckdb, xlsxwriter, jinja2\n"
    script += "print(duckdb.sql('select 42').fetchone()[0])"
    command = [sys.executable, "-I", "-S", "-c", script, str(unpacked["layer"] / "python")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "42"


def test_the_same_sources_give_the_same_package() -> None:
    assert build() == build()
