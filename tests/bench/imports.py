"""What a cold start imports, per public function, against a bare boto3 client. CPU time of a fresh interpreter."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.row import Row, against_floor

ROOT = Path(__file__).resolve().parent.parent.parent
PUBLIC = ("issue_number", "record_event", "mint_promo", "serve_snippet", "receive_call", "receive_outcome")
RUNS = 9
BARE = "import boto3; boto3.session.Session().client('dynamodb')"
CLASSIFY = "from chalicelib.attribution.sources import classify"
FIRST_ADDRESS = "classify('https://a.example/', 'https://ya.ru/')"
TIMED = """
import time, sys
sys.path.insert(0, {root!r})
{ready}
before = time.process_time()
{statements}
print(time.process_time() - before)
"""


def rows() -> Iterator[Row]:
    """`import_<function>` for each public function: its modules and its client, over a bare boto3 client."""
    for task in PUBLIC:
        measured, floor = [], []
        for _ in range(RUNS):
            floor.append(_cpu_ms(BARE))
            measured.append(_cpu_ms(_cold_start(task)))
        yield against_floor(f"import_{task}", measured, floor, "ms", "CPU of a fresh interpreter, bytecode present")


def lists() -> Iterator[Row]:
    """`first_classify`: the lists of sources are read with the first address that is classified."""
    measured = [_cpu_ms(FIRST_ADDRESS, CLASSIFY) for _ in range(RUNS)]
    yield Row("first_classify", round(median(measured), 4), "ms", note="CPU of a fresh interpreter, once a container")


def _cold_start(task: str) -> str:
    """What the function has imported when its first request is answered: app.py, the task and a hot client."""
    lines = ["import app", *_imports_of(task), "from chalicelib import aws", "aws.client('dynamodb', hot=True)"]
    return "\n".join(lines)


def _imports_of(task: str) -> list[str]:
    tree = ast.parse((ROOT / "app.py").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == task)
    return [ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]


def _cpu_ms(statements: str, ready: str = "") -> float:
    script = TIMED.format(root=str(ROOT), ready=ready, statements=statements)
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "CALLPATH_SIGNING_KEY": "k" * 32}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return float(ran.stdout) * 1000
