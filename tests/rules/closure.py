"""What a function of the service imports, walked through the sources: at its cold start, and whenever it runs."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from chalicelib.carriers import CARRIERS
from chalicelib.deals.crm import CRMS
from tests.rules.test_architecture import INDEXES, Import, imports_of, is_type_checking

ROOT = Path(__file__).resolve().parent.parent.parent
CIPHER = "cryptography.hazmat.primitives.ciphers.aead"
# Who answers anybody, and what the first request of each imports besides what its modules do.
ON_FIRST_REQUEST = {
    "issue_number": ("crawleruseragents",),
    "record_event": ("crawleruseragents", CIPHER),
    "mint_promo": ("crawleruseragents", CIPHER),
    "serve_snippet": (),
    "receive_call": ("chalicelib.carriers.twilio.webhook", CIPHER),
    "receive_outcome": ("chalicelib.deals.crm.generic", CIPHER),
}
PUBLIC = tuple(ON_FIRST_REQUEST)
BY_NAME = {"receive_call": CARRIERS.values(), "receive_outcome": CRMS.values()}  # modules that no statement names


@dataclass(frozen=True)
class Closure:
    """The project's modules that are reached, and of each foreign package one statement that imports it."""

    modules: frozenset[str]
    foreign: dict[str, Import]


def closure_of(task: str, *, running: bool) -> Closure:
    """Return what app.py's task imports; `running`: also what functions import when they are called, whichever are."""
    waiting, reached = [*_entry(task), *(BY_NAME.get(task, ()) if running else ())], set()
    foreign: dict[str, Import] = {}
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if file is None or name in reached:  # a class or a function of a module, or seen
            continue
        reached.add(name)
        waiting += [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        for found in _imports(file):
            top = found.target.split(".")[0]
            if found.lazy and (
                not running or name in ("app", "chalicelib.api.routes")
            ):  # where the other tasks' imports stand
                continue
            if top == "chalicelib":
                waiting.append(found.target)
            elif top not in sys.stdlib_module_names:
                foreign.setdefault(top, found)
    return Closure(frozenset(reached), foreign)


@lru_cache
def _imports(file: Path) -> tuple[Import, ...]:
    """Return the imports of a file but those that only a type checker sees."""
    unseen = {
        node.lineno
        for block in ast.walk(ast.parse(file.read_text()))
        if is_type_checking(block)
        for node in ast.walk(block)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return tuple(found for found in imports_of(file) if found.line not in unseen)


def _entry(task: str) -> list[str]:
    bodies = [node for file in INDEXES for node in ast.parse(file.read_text()).body]
    function = next(node for node in bodies if isinstance(node, ast.FunctionDef) and node.name == task)
    inside = [node for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
    return ["app", *(f"{node.module}.{alias.name}" for node in inside for alias in node.names)]


def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
