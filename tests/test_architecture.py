"""The rules of the tree, checked by walking its imports. A failure is a sentence: which rule broke, and where."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = (
    "kernel",
    "registry",
    "pool",
    "attribution",
    "reports",
    "manage",
    "commands",
)  # each may import those before it
STORAGE_LIBRARIES = {"boto3", "botocore", "pynamodb"}
STORAGE_MODULES = {
    "table",
    "store",
    "snapshot",
    "facts_store",
    "visits",
    "days",
    "links",
    "spend_table",
    "deals_table",
    "subjects_table",
    "outbox",
    "open_calls",
    "privacy_table",
}
HEAVY = {
    "duckdb",
    "xlsxwriter",
    "jinja2",
    "openpyxl",
    "pandas",
    "pynamodb",
    "aws_xray_sdk",
    "phonenumbers",
    "crawleruseragents",
}
PURE = {
    "registry": {"types", "endpoint_token"},
    "pool": {
        *("rules", "chooser", "history", "conditions", "lease_token"),
        *("group", "commands", "view", "wire", "seating", "number_rows", "sizing"),
        *("hold", "stays", "counting", "minute", "quarantine", "health_rules", "crowd", "delays", "redials"),
        *("allowance", "promo_code"),
    },
    "attribution": {
        "types",
        "merge",
        "legs",
        "sources",
        "channels",
        "shares",
        "models",
        "credit",
        "repeat_rules",
        "redial_rules",
        "candidates",
        "join_rules",
        "tabular",
        "referrers",
        "signing",
        *("alerts", "alert_words", "callbacks", "settling"),
        "sealing",
        *("urls", "markers", "patterns", "channel_rules", "campaign_match", "book"),
        *("recordings.types", "recordings.told", "recordings.audio", "recordings.addresses"),
        *("transcripts.types", "transcripts.languages", "transcripts.phrases", "transcripts.analysis"),
        *("self_reported", "asked", "carriers.keyed"),
        *("contacts.types", "join_story"),
        "privacy.types",
        "privacy.redaction",
    },
    "reports": {"figures", "facts", "comparison"},
}
LONGEST_FILE = 400
TOP_LEVEL = {
    "app.py", "chalicelib", "infra", ".chalice", "requirements.txt", "tests", "README.md", "Makefile", "docs",
    "pyproject.toml", ".ci", "LICENSE", ".gitignore", "requirements-dev.txt", "requirements-engine.txt",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import statement: who imports what, and whether only when a function runs."""

    file: Path
    line: int
    target: str
    lazy: bool

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]


def imports_of(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text())
    eager = {id(node) for node in _outside_functions(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, id(node) not in eager)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield Import(file, node.lineno, node.module, id(node) not in eager)
            for alias in node.names:
                yield Import(file, node.lineno, f"{node.module}.{alias.name}", id(node) not in eager)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(child):
            continue
        yield child
        yield from _outside_functions(child)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def layer_of(module: str) -> str | None:
    """`chalicelib.pool.lending.rules` → pool; a module directly in chalicelib is the kernel."""
    parts = module.split(".")
    if parts[0] != "chalicelib":
        return None
    if len(parts) > 1 and parts[1] in LAYERS:
        return parts[1]
    return "commands" if len(parts) > 1 and parts[1] in ("__main__", "stack_settings") else "kernel"


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def test_imports_between_packages_go_one_way() -> None:
    broken = []
    for file in sources():
        layer = layer_of(module_of(file))
        for found in imports_of(file) if layer else ():
            target = layer_of(found.target)
            if target and LAYERS.index(target) > LAYERS.index(layer or ""):
                broken.append(
                    f"{found.where}: {layer} must not import {target} ({found.target}); arrows go {' ← '.join(LAYERS)}"
                )
    assert not broken, "\n".join(broken)


def test_only_storage_modules_know_boto3_and_pynamodb() -> None:
    allowed_files = {ROOT / "chalicelib" / name for name in ("aws.py", "stack_settings.py", "__main__.py")}
    broken = [
        f"{found.where}: {found.target.split('.')[0]} belongs in a storage module (STORAGE_MODULES above)"
        for file in sources()
        if file.stem not in STORAGE_MODULES and file not in allowed_files and "commands" not in file.parts
        for found in imports_of(file)
        if found.target.split(".")[0] in STORAGE_LIBRARIES
        and found.target != "botocore.exceptions"
        and not found.target.startswith("botocore.exceptions.")
    ]
    assert not broken, "\n".join(broken)


def test_pure_modules_import_nothing_but_the_standard_library_msgspec_and_other_pure_modules() -> None:
    kernel = {"errors", "money", "phone", "clock", "tokens", "values"}
    pure = {f"chalicelib.{name}" for name in kernel} | {
        f"chalicelib.{layer}.{name}" for layer, names in PURE.items() for name in names
    }
    broken = []
    for file in sources():
        if module_of(file) not in pure:
            continue
        for found in imports_of(file):
            top = found.target.split(".")[0]
            known = (
                top in {*sys.stdlib_module_names, "msgspec"}
                or (top == "chalicelib" and _is_within(found.target, pure))
                or found.lazy
            )
            if not known:
                broken.append(f"{found.where}: {module_of(file)} is a pure module and must not import {found.target}")
    assert not broken, "\n".join(broken)


def test_no_changed_copy_is_made_as_of_a_dataclass() -> None:
    """Values are structs, of which `dataclasses.replace` knows nothing; the type checker does not see it."""
    broken = [
        f"{found.where}: use msgspec.structs.replace, and a struct where this is a dataclass"
        for file in sources()
        for found in imports_of(file)
        if found.target == "dataclasses.replace"
    ]
    assert not broken, "\n".join(broken)


def _is_within(target: str, pure: set[str]) -> bool:
    packages = {name.rsplit(".", 1)[0] for name in pure} | {"chalicelib"}
    return target in packages or any(target == name or target.startswith(name + ".") for name in pure)


def test_app_loads_no_task_before_it_runs() -> None:
    allowed = {
        "chalicelib.core.clock",
        "chalicelib.runtime.sqs",
        "chalicelib.runtime.http",
        "chalicelib.runtime.tracing",
        "chalicelib",
    }
    broken = [
        f"{found.where}: app.py must import {found.target} inside the task that uses it: every cold start pays"
        for found in imports_of(ROOT / "app.py")
        if found.target.startswith("chalicelib")
        and not found.lazy
        and not any(found.target.startswith(name) for name in allowed)
    ]
    assert not broken, "\n".join(broken)


def test_heavy_libraries_are_imported_only_where_they_are_used() -> None:
    broken = [
        f"{found.where}: {found.target} is slow to import; import it in the function that needs it"
        for file in sources()
        if layer_of(module_of(file)) in (None, "kernel", "registry", "pool", "attribution")
        and file.stem not in ("store", "table", "deals_table", "outbox", "days")
        for found in imports_of(file)
        if not found.lazy and found.target.split(".")[0] in HEAVY
    ]
    assert not broken, "\n".join(broken)


def test_nothing_but_settings_reads_the_environment() -> None:
    allowed = {"settings.py", "tracing.py", "stack_settings.py", "__main__.py"}
    broken = [
        f"{file.relative_to(ROOT)}: reads os.environ; a setting is declared with its meaning in runtime/settings.py"
        for file in sources()
        if file.name not in allowed
        and "commands" not in file.parts
        and ("os.environ" in file.read_text() or "os.getenv" in file.read_text())
    ]
    assert not broken, "\n".join(broken)


def test_only_the_edges_ask_what_time_it_is() -> None:
    allowed = {"clock.py"}
    asking = ("datetime.now(", "time.time(", "utcnow(", "date.today(")
    broken = [
        f"{file.relative_to(ROOT)}: asks the clock ({call.rstrip('(')}); the moment is an argument, made in app.py"
        for file in sources()
        if file.name not in allowed
        for call in asking
        if call in file.read_text()
    ]
    assert not broken, "\n".join(broken)


def test_files_stay_readable() -> None:
    long = [
        f"{file.relative_to(ROOT)} has {count} lines; more than {LONGEST_FILE} hide a second subject"
        for file in sources()
        if file.name != "app.py" and (count := len(file.read_text().splitlines())) > LONGEST_FILE
    ]
    assert not long, "\n".join(long)


def test_the_index_is_an_index_however_long_it_grows() -> None:
    """One task is its decorators, a line of docstring, the import it runs lazily, and one call."""
    functions = [node for node in ast.parse((ROOT / "app.py").read_text()).body if isinstance(node, ast.FunctionDef)]
    tasks = [function for function in functions if function.decorator_list]
    fat = [function.name for function in tasks if not ast.get_docstring(function) or len(function.body) > 3]
    assert len(tasks) > 30
    assert not fat, f"app.py: {', '.join(fat)} does more than call its task"


def test_a_stranger_finds_only_what_the_layout_names_at_the_top() -> None:
    import subprocess

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in tracked if name}
    assert top <= TOP_LEVEL, (
        f"{', '.join(sorted(top - TOP_LEVEL))}: not part of the layout; it belongs in one of its folders"
    )


def test_every_module_says_what_it_is() -> None:
    silent = [str(file.relative_to(ROOT)) for file in sources() if not ast.get_docstring(ast.parse(file.read_text()))]
    assert not silent, f"no docstring: {', '.join(silent)}"


@pytest.mark.parametrize("name", ["Manager", "Handler", "Helper", "Util", "Misc"])
def test_no_class_is_named_for_nothing(name: str) -> None:
    broken = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name} says nothing; name it for what it is"
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith(name)
    ]
    assert not broken, "\n".join(broken)
