"""What a cold start imports, per public function, against a bare boto3 client. CPU time of a fresh interpreter.

It is measured as Lambda has it: our packaged zip unpacked, its bytecode beside it, and of other packages only what the
runtime brings, boto3 and what that needs, compiled too.
"""

from __future__ import annotations

import ast
import compileall
import contextlib
import importlib.util
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from infra.deploy.package import IN_THE_RUNTIME, build
from tests.benchmarks.row import Row, against_floor
from tests.rules.closure import ON_FIRST_REQUEST, PUBLIC, ROOT

RUNS = 15
BARE = "import boto3; boto3.session.Session().client('dynamodb')"
CLASSIFY = "from chalicelib.visits.classify_source import classify"
FIRST_ADDRESS = "classify('https://a.example/', 'https://ya.ru/')"
TIMED = """
import time, sys
sys.path[:0] = {folders!r}
{ready}
before = time.process_time()
{statements}
print(time.process_time() - before)
"""
NOTE = "CPU of a fresh interpreter, packaged and compiled as deployed; over importing boto3 and making its client"


def rows() -> Iterator[Row]:
    """`import_<function>` for each public function: all that answering its first request imports, and its client."""
    with _lambda_folders() as folders:
        for task in PUBLIC:
            measured, floor = [], []
            for _ in range(RUNS):
                floor.append(_cpu_ms(BARE, folders))
                measured.append(_cpu_ms(_cold_start(task), folders))
            yield against_floor(f"import_{task}", measured, floor, "ms", NOTE)


@contextlib.contextmanager
def _lambda_folders() -> Iterator[list[str]]:
    """Yield the function's folder and the runtime's, as Lambda puts them on the path."""
    with tempfile.TemporaryDirectory() as folder:
        function, runtime = Path(folder, "function"), Path(folder, "runtime")
        with zipfile.ZipFile(build().zip_file) as archive:
            archive.extractall(function)
        runtime.mkdir()
        for name in IN_THE_RUNTIME:
            found = importlib.util.find_spec(name.removesuffix(".py"))
            if found is None or found.origin is None:  # the name of a distribution, not of a module
                continue
            if found.submodule_search_locations:
                shutil.copytree(Path(found.origin).parent, runtime / name, dirs_exist_ok=True)
            else:
                shutil.copy(found.origin, runtime)
        compileall.compile_dir(runtime, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        yield [str(function), str(runtime)]


def lists() -> Iterator[Row]:
    """`first_classify`: the lists of sources are read with the first address that is classified."""
    with _lambda_folders() as folders:
        measured = [_cpu_ms(FIRST_ADDRESS, folders, CLASSIFY) for _ in range(RUNS)]
    yield Row("first_classify", round(median(measured), 4), "ms", note="CPU of a fresh interpreter, once a container")


def _cold_start(task: str) -> str:
    """Return what the function has imported when its first request is answered: app.py, the task and a hot client."""
    imported = [*_imports_of(task), *(f"import {name}" for name in ON_FIRST_REQUEST[task])]
    return "\n".join(["import app", *imported, "from chalicelib.runtime import aws", "aws.dynamodb(hot=True)"])


def _imports_of(task: str) -> list[str]:
    tree = ast.parse((ROOT / "app.py").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == task)
    return [ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]


def _cpu_ms(statements: str, folders: list[str], ready: str = "") -> float:
    script = TIMED.format(folders=folders, ready=ready, statements=statements)
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "CALLPATH_SIGNING_KEY": "k" * 32}
    command = [sys.executable, "-S", "-E", "-c", script]  # nothing of this environment's own packages
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(ran.stdout) * 1000
