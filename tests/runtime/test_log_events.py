"""Each event that the code logs is declared with its level and meaning, and each declared one is logged."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from chalicelib.runtime.log_events import ERROR, INFO, LEVELS, WARNING
from infra.log_page import PAGE, page
from tests.rules.closure import PUBLIC, closure_of

ROOT = Path(__file__).resolve().parent.parent.parent
FUNCTIONS = {"event": INFO, "warning": WARNING, "error": ERROR}  # of runtime/log.py


def logged() -> Iterator[tuple[str, str, str]]:
    """Yield (where, log's function, event) of each call; where the event is a variable, those that its file names."""
    for file in [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]:
        tree = ast.parse(file.read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {f"log.{name}" for name in FUNCTIONS}:
                assert isinstance(call.func, ast.Attribute)
                literals = [*_names(call.args[0])]
                names = literals or [name for name in _names(tree) if name in FUNCTIONS[call.func.attr]]
                assert names, f"{file.name}:{call.lineno}: name the event in the file that logs it"
                for name in names:
                    yield f"{file.relative_to(ROOT)}:{call.lineno}", call.func.attr, name


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_each_event_is_declared_with_its_level() -> None:
    broken = [
        f"{where}: log.{function}({name!r}): declare it among these in runtime/log_events.py, with its meaning"
        for where, function, name in logged()
        if name not in FUNCTIONS[function]
    ]
    assert not broken, "\n".join(broken)


def test_each_declared_event_is_logged_somewhere() -> None:
    declared = {name for events in LEVELS.values() for name in events}
    assert declared == {name for _, _, name in logged()}


def test_an_event_has_one_level_and_one_sentence() -> None:
    names = [name for events in LEVELS.values() for name in events]
    assert len(names) == len(set(names))
    assert all(text.endswith(".") and "|" not in text for events in LEVELS.values() for text in events.values())


def test_the_page_is_as_it_is_written_from_the_code() -> None:
    assert PAGE.read_text() == page(), "run: python -m infra.log_page"


def test_no_function_imports_more_for_its_log_than_the_standard_library() -> None:
    tree = ast.parse((ROOT / "chalicelib" / "runtime" / "log.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {str(name).split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not [task for task in PUBLIC if "chalicelib.runtime.log_events" in closure_of(task, running=True).modules]
