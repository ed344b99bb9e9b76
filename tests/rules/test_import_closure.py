"""What the public functions load. A cold start is waited for by somebody: what it imports must be what it needs."""

from __future__ import annotations

import pytest

from tests.rules.closure import ON_FIRST_REQUEST, PUBLIC, ROOT, closure_of

AT_COLD_START = {"msgspec", "chalice"}
# Imported where a function needs it: AWS's clients, a seal, crawlers' names, numbers that are not E.164 yet, and
# X-Ray's SDK for a request that is sampled. No report, no spreadsheet, no second way to storage.
WHEN_NEEDED = {"boto3", "botocore", "cryptography", "crawleruseragents", "phonenumbers", "aws_xray_sdk"}
NOT_ON_EVERY_FIRST_REQUEST = {"phonenumbers", "aws_xray_sdk"}
HEAVIEST = {"pynamodb", "duckdb", "jinja2"}


@pytest.mark.parametrize("task", PUBLIC)
def test_a_cold_start_of_a_public_function_loads_nothing_but_the_service(task: str) -> None:
    foreign = closure_of(task, running=False).foreign
    broken = [f"{found.where}: {task} loads {name}" for name, found in foreign.items() if name not in AT_COLD_START]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("task", PUBLIC)
def test_a_public_function_never_loads_what_only_others_need(task: str) -> None:
    foreign = closure_of(task, running=True).foreign
    allowed = AT_COLD_START | WHEN_NEEDED
    broken = [f"{found.where}: {task} can load {name}" for name, found in foreign.items() if name not in allowed]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("task", PUBLIC)
def test_the_benchmark_imports_all_that_a_first_request_does(task: str) -> None:
    lazy = closure_of(task, running=True).foreign.keys() - closure_of(task, running=False).foreign.keys()
    named = {name.split(".")[0] for name in ON_FIRST_REQUEST[task]} - {"chalicelib"}
    assert named == lazy - NOT_ON_EVERY_FIRST_REQUEST - {"boto3", "botocore"}


def test_the_walk_sees_what_there_is_to_see() -> None:
    """The functions that nobody waits for load all of it: the walk would find it here, too."""
    found = {name for task in ("manage_sites", "build_report", "close_day", "import_spend") for name in _loaded(task)}
    assert found >= HEAVIEST
    entry = closure_of("receive_call", running=True).modules
    carriers = {f"chalicelib.carriers.{name}.webhook" for name in ("twilio", "mango", "generic")}
    assert entry >= {"app", "chalicelib", "chalicelib.runtime.http", *carriers}
    assert all((ROOT / f"{name.replace('.', '/')}.py").is_file() for name in carriers)


def _loaded(task: str) -> set[str]:
    return set(closure_of(task, running=True).foreign)
