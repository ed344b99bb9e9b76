"""The rules of the tree, checked by walking its imports. A failure is a sentence: which rule broke, and where."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ROOT / "chalicelib"
INDEXES = (ROOT / "app.py", CODE / "api" / "routes.py")  # every task and route is one decorated function of these

# Evidence comes in (visits, pool, calls, carriers, contacts, recordings), is concluded (deals, attribution), goes out
# (delivery, reports), and is guarded (audit, privacy). A package may import what its line names, and itself.
MAY_IMPORT = {
    "core": "",
    "runtime": "core",
    "registry": "runtime core",
    "visits": "registry runtime core",
    "pool": "visits registry runtime core",
    "calls": "visits registry runtime core",
    "carriers": "calls pool visits registry runtime core",
    "contacts": "carriers calls pool visits registry runtime core",
    "recordings": "carriers calls visits registry runtime core",
    "deals": "contacts carriers calls pool visits registry runtime core",
    "audit": "deals calls runtime core",
    "attribution": "audit deals recordings calls pool visits registry runtime core",
    "privacy": "audit deals contacts recordings carriers calls pool visits registry runtime core",
    "delivery": "attribution recordings calls visits registry runtime core",
    "reports": "attribution audit deals contacts calls pool visits registry runtime core",
    "api": "core runtime registry visits pool calls carriers contacts recordings deals audit attribution privacy"
    " delivery reports",
    "cli": "core runtime registry visits pool calls carriers contacts recordings deals audit attribution privacy"
    " delivery reports api",
}
SPOOL = "chalicelib.carriers.spool_bucket"  # the one module of carriers that contacts uses

MOST_OF_THE_LINES = 0.15  # of chalicelib in one folder
MOST_FILES = 30  # in one folder
LONGEST_FILE = 400

# How the names of modules end that read, write or describe a table or a bucket.
SPEAKS_TO_AWS = ("_table", "_bucket", "_index", "_schema")
OTHER_SERVICES = {"email", "transcribe_jobs"}  # Amazon SES and Amazon Transcribe, one module each
AWS_CALLS = {"client", "query", "dynamodb", "s3", "sqs", "lambda_", "cloudformation", "ssm", "sesv2", "transcribe"}
AWS_LIBRARIES = {"boto3", "botocore", "pynamodb"}

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
# Modules without I/O beside those of core: they import the standard library, msgspec, and each other.
PURE = {
    "registry": {"types", "endpoint_token"},
    "visits": {
        *("types", "channels", "classify_source", "landing_url", "page_view", "promo_code", "referrers"),
        *("request_types", "tracking_tags", "visitor_key"),
    },
    "pool.lending": {
        *("address_quota", "census_minute", "commands", "count_groups", "group_codec", "hold_time", "lease_group"),
        *("lease_history", "lease_token", "number_csv", "pool_view", "rate_limit", "rules", "select_pool"),
        *("slot_assignment", "slot_search"),
    },
    "pool.statistics": {"delay_profile", "health_rules", "quarantine_rules", "redial_rates", "sizing", "stays"},
    "calls": {
        *("types", "evidence", "fold", "legs", "callbacks", "settle_delay", "recording", "recordings_of_events"),
        *("redaction", "self_reported", "self_reported_words", "transcript"),
    },
    "carriers": {"keypad_code"},
    "contacts": {"types"},
    "recordings": {"audio", "safe_address"},
    "recordings.transcripts": {"languages", "phrases", "talk_analysis"},
    "deals": {"types", "join_rules", "explain_join"},
    "attribution": {
        *("campaign_match", "candidate_shares", "channel_rules", "credit", "models", "redial_rules", "repeat_rules"),
        *("rulebook", "self_reported_answer"),
    },
    "privacy": {"types"},
    "delivery": {"alert_texts", "alerts"},
    "reports": {"fact_rows"},
    "reports.figures": {"formulas", "self_reported_comparison"},
}
NOT_PURE_IN_CORE = {"deadline"}  # a thread

# Names that a package and its neighbours may share: each is the same part of another subject.
SHARED_BASENAMES = {
    *("__init__", "types"),
    *("webhook", "events", "recordings", "history"),  # of a vendor
}
TOP_LEVEL = {
    "app.py", "chalicelib", "infra", ".chalice", "requirements.txt", "tests", "README.md", "Makefile", "docs",
    "pyproject.toml", ".ci", ".github", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
    ".gitignore", "requirements-dev.txt", "requirements-engine.txt",
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
    return [ROOT / "app.py", *sorted(CODE.rglob("*.py"))]


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
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or is_type_checking(child):
            continue
        yield child
        yield from _outside_functions(child)


def is_type_checking(node: ast.AST) -> bool:
    """Return whether a statement holds what only a type checker sees."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def package_of(module: str) -> str | None:
    """`chalicelib.pool.lending.rules` → pool; None for app.py, the entry module and what is not ours."""
    parts = module.split(".")
    return parts[1] if parts[0] == "chalicelib" and len(parts) > 1 and parts[1] in MAY_IMPORT else None


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_a_package_imports_only_what_its_line_names() -> None:
    broken = []
    for file in sources():
        package = package_of(module_of(file))
        allowed = {package, *MAY_IMPORT[package].split()} if package else set(MAY_IMPORT)
        for found in imports_of(file):
            target = package_of(found.target)
            if target and target not in allowed:
                broken.append(f"{found.where}: {package} must not import {target} ({found.target})")
            elif (package, target) == ("contacts", "carriers") and not _is_the_spool(found.target):
                broken.append(f"{found.where}: contacts may use the spool of carriers, not {found.target}")
    assert not broken, "\n".join(broken)


def _is_the_spool(target: str) -> bool:
    return target == "chalicelib.carriers" or target.startswith(SPOOL)


def test_every_package_has_a_line() -> None:
    packages = {path.name for path in CODE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert packages == set(MAY_IMPORT)


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {module_of(file): file for file in sources()}
    graph = {
        module: {found.target for found in imports_of(file) if not found.lazy and found.target in modules} - {module}
        for module, file in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        pytest.fail(f"imported in a circle: {' → '.join(found.args[1])}")


def test_no_room_holds_too_much() -> None:
    lines = {file: len(file.read_text().splitlines()) for file in CODE.rglob("*.py")}
    total = sum(lines.values())
    broken = []
    for folder in {file.parent for file in lines}:
        here = [file for file in lines if file.parent == folder]
        share = sum(lines[file] for file in here) / total
        name = folder.relative_to(ROOT)
        if len(here) > MOST_FILES:
            broken.append(f"{name} holds {len(here)} modules, of {MOST_FILES}")
        if share > MOST_OF_THE_LINES:
            broken.append(f"{name} holds {share:.0%} of the lines, of {MOST_OF_THE_LINES:.0%}")
    assert not broken, "\n".join(broken)


def test_no_two_modules_of_a_family_have_one_name() -> None:
    """A family is a package with all its folders: somebody who greps for a name there means one module."""
    broken = []
    for package in MAY_IMPORT:
        named = defaultdict(list)
        for file in (CODE / package).rglob("*.py"):
            named[file.stem].append(str(file.relative_to(CODE)))
        broken += [
            f"{', '.join(files)}: one name for two things"
            for name, files in named.items()
            if len(files) > 1 and name not in SHARED_BASENAMES
        ]
    assert not broken, "\n".join(broken)


def test_a_tasks_module_is_named_as_its_function() -> None:
    broken = [
        f"app.py:{node.lineno}: {function.name} runs {node.module}.{node.names[0].name}"
        for function in _functions(ROOT / "app.py")
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
        and not (node.module or "").startswith("chalicelib.api")
        and node.names[0].name != function.name
    ]
    assert not broken, "\n".join(broken)


def _functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]


def test_only_modules_of_a_table_or_a_bucket_speak_to_aws() -> None:
    broken = [
        f"{found.where}: {found.target} belongs in a module of a table or a bucket ({', '.join(SPEAKS_TO_AWS)})"
        for file in sources()
        if _may_not_speak_to_aws(file)
        for found in imports_of(file)
        if found.target.split(".")[0] in AWS_LIBRARIES and not found.target.startswith("botocore.exceptions")
    ]
    calls = [
        f"{file.relative_to(ROOT)}:{node.lineno}: aws.{node.func.attr} belongs in a module of a table or a bucket"
        for file in sources()
        if _may_not_speak_to_aws(file)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "aws"
        and node.func.attr in AWS_CALLS
    ]
    assert not broken + calls, "\n".join(broken + calls)


def _may_not_speak_to_aws(file: Path) -> bool:
    package = package_of(module_of(file))
    return (
        package not in (None, "runtime", "cli") and not file.stem.endswith(SPEAKS_TO_AWS)
    ) and file.stem not in OTHER_SERVICES


def test_pure_modules_import_nothing_but_the_standard_library_msgspec_and_other_pure_modules() -> None:
    core = {
        f"chalicelib.core.{file.stem}" for file in (CODE / "core").glob("*.py") if file.stem not in NOT_PURE_IN_CORE
    }
    pure = core | {f"chalicelib.{package}.{name}" for package, names in PURE.items() for name in names}
    missing = {name for name in pure if not (ROOT / f"{name.replace('.', '/')}.py").exists()} - {
        "chalicelib.core.__init__"
    }
    assert not missing, f"named here and gone: {missing}"
    broken = []
    for file in sources():
        if module_of(file) not in pure:
            continue
        for found in imports_of(file):
            top = found.target.split(".")[0]
            known = top in {*sys.stdlib_module_names, "msgspec"} or (
                top == "chalicelib" and _is_within(found.target, pure)
            )
            if not known and not found.lazy and not (top in ("cryptography", "phonenumbers") and "core" in file.parts):
                broken.append(f"{found.where}: {module_of(file)} is a pure module and must not import {found.target}")
    assert not broken, "\n".join(broken)


def _is_within(target: str, pure: set[str]) -> bool:
    packages = {name.rsplit(".", 1)[0] for name in pure} | {"chalicelib"}
    return target in packages or any(target == name or target.startswith(name + ".") for name in pure)


def test_no_changed_copy_is_made_as_of_a_dataclass() -> None:
    """Values are structs, of which `dataclasses.replace` knows nothing; the type checker does not see it."""
    broken = [
        f"{found.where}: use msgspec.structs.replace, and a struct where this is a dataclass"
        for file in sources()
        for found in imports_of(file)
        if found.target == "dataclasses.replace"
    ]
    assert not broken, "\n".join(broken)


def test_app_loads_no_task_before_it_runs() -> None:
    """Nor does the index of the manage API, which app.py registers."""
    allowed = {
        *("chalicelib", "chalicelib.core", "chalicelib.core.clock"),
        *(
            "chalicelib.api.routes",
            "chalicelib.runtime",
            "chalicelib.runtime.sqs",
            "chalicelib.runtime.http",
            "chalicelib.runtime.tracing",
        ),
    }
    broken = [
        f"{found.where}: import {found.target} inside the task that uses it: every cold start pays"
        for file in INDEXES
        for found in imports_of(file)
        if found.target.startswith("chalicelib")
        and not found.lazy
        and found.target not in allowed
        and found.target.rpartition(".")[0] not in allowed - {"chalicelib", "chalicelib.core", "chalicelib.runtime"}
    ]
    assert not broken, "\n".join(broken)


def test_heavy_libraries_are_imported_only_where_they_are_used() -> None:
    broken = [
        f"{found.where}: {found.target} is slow to import; import it in the function that needs it"
        for file in sources()
        if package_of(module_of(file)) not in ("reports", "api", "cli")
        and not file.stem.endswith(("_table", "_schema"))
        and file.stem not in ("table_index", "store", "numbers", "pools", "campaigns", "rules", "endpoints_and_keys")
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
        and "cli" not in file.parts
        and ("os.environ" in file.read_text() or "os.getenv" in file.read_text())
    ]
    assert not broken, "\n".join(broken)


def test_only_the_edges_ask_what_time_it_is() -> None:
    asking = ("datetime.now(", "time.time(", "utcnow(", "date.today(", "clock.utc_now(")
    known = {
        "runtime/sqs.py",
        "calls/changed_days_table.py",
        "reports/plain/run.py",
    }  # edges of queues and of real time
    broken = [
        f"{file.relative_to(ROOT)}: asks the clock ({call.rstrip('(')}); the moment is an argument, made in app.py"
        for file in sorted(CODE.rglob("*.py"))
        if file != CODE / "core" / "clock.py" and "cli" not in file.parts
        for call in asking
        if call in file.read_text() and not (call == "clock.utc_now(" and str(file.relative_to(CODE)) in known)
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
    functions = [function for file in INDEXES for function in _functions(file)]
    tasks = [function for function in functions if function.decorator_list]
    fat = [function.name for function in tasks if not ast.get_docstring(function) or len(function.body) > 3]
    assert len(tasks) > 40
    assert not fat, f"{', '.join(fat)} does more than call its task"


def test_app_py_fits_on_two_screens() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 260, "a route of the manage API belongs in api/routes.py"


def test_a_stranger_finds_only_what_the_layout_names_at_the_top() -> None:
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
